"""Features that know the future: which were kept out, why, and what cannot be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import capital, figure, spread
from cip.faces.dashboard.look import escape

Summary = Mapping[str, Any]

_TITLE: Final = "Features that know the future"
_HEAD: Final = ("Feature", "Why", "What to do", "Evidence")
_PILLS: Final = {"kept out": "bad", "allowed": "fair", "a fact": "plain"}


def block(summary: Summary) -> str:
    """A table of the suspects, or a sentence that says that there are none."""
    leaks = summary.get("leaks")
    if leaks is None:
        return look.heading(_TITLE, "This run did not look for them. Run again to have it done.")
    suspects: Sequence[Summary] = leaks["suspects"]
    rows = [_row(suspect) for suspect in suspects]
    notes = "".join(look.note(text) for text in leaks["notes"])
    table = look.table(_HEAD, rows, words=3) * bool(rows)
    return look.heading(_TITLE, _below(leaks)) + table + notes


def _below(leaks: Summary) -> str:
    tested, out = len(leaks["tested"]), len(leaks["kept_out"])
    if not tested:
        return "None is possible here: no column of the customers is a feature."
    looked = f"{tested} attributes looked at" if tested > 1 else "1 attribute looked at"
    if not leaks["suspects"]:
        return f"None found: {looked}, and none tells more than can be known before the date."
    kept = (
        f"{out} kept out of every model until somebody says otherwise" if out else "none kept out"
    )
    return f"{looked}, {kept}. Intervals hold for all of them at once."


def _row(suspect: Summary) -> list[str]:
    evidence, state = suspect["evidence"], suspect["state"]
    pill = f'<span class="pill {_PILLS.get(state, "plain")}">{escape(state)}</span>'
    return [
        f"<b>{escape(suspect['feature'])}</b><small>{pill}</small>",
        f"{escape(capital(suspect['word']))}<small>{escape(suspect['sentence'])}</small>",
        escape(capital(suspect["remedy"])),
        f"<b>{escape(figure(evidence, 2))}</b>{_small(spread(evidence, 2), suspect['measure'])}",
    ]


def _small(*lines: str) -> str:
    return "".join(f"<small>{escape(line)}</small>" for line in lines)
