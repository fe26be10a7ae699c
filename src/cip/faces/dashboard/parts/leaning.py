"""Whether candidates that only compare lean on the same facts as the model that serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import capital, count, spread
from cip.faces.dashboard.look import escape

Summary = Mapping[str, Any]

FACTS: Final = 12


def block(summary: Summary) -> str:
    """One table: facts, the model that serves, its rivals; nothing where nobody asked."""
    found = summary["churn"].get("rivals")
    if not found:
        return ""
    if "reason" in found:
        title = look.heading("What moves the risk by other candidates is not known")
        return title + look.note(found["reason"])
    below = (
        f"Mean absolute points of risk of each fact over the same {count(found['customers'])} "
        "customers of the test date, with 95 % intervals; features that tell one fact are added. "
        "Candidates of another kind are fitted to be compared with, never served."
    )
    head = ["Fact", *(_label(model) for model in found["models"])]
    rows = [
        [escape(capital(fact)), *(_size(model["sizes"][at]) for model in found["models"])]
        for at, fact in enumerate(found["facts"][:FACTS])
    ]
    return (
        look.heading(_title(found), below)
        + look.table(head, [*rows, _agreement(found)], on=1)
        + look.note(found["sentence"])
    )


def _title(found: Summary) -> str:
    """In how many of the models the same fact weighs most."""
    tops = [_top(model) for model in found["models"]]
    fact = capital(found["facts"][tops[0]])
    return f"«{fact}» weighs most in {tops.count(tops[0])} of {len(tops)} models"


def _top(model: Summary) -> int:
    sizes = [size["value"] for size in model["sizes"]]
    return sizes.index(max(sizes))


def _label(model: Summary) -> str:
    serves = "<small>serves</small>" if model["serves"] else ""
    return escape(capital(model["label"])) + serves


def _size(size: Summary) -> str:
    points = {name: 100 * size[name] for name in ("low", "high")}
    ends = escape(f"{points['low']:.1f}–{points['high']:.1f}")
    return f"<b>{100 * size['value']:.1f}</b><small>{ends}</small>"


def _agreement(found: Summary) -> list[str]:
    """The last row: how alike the order of facts is."""
    cells = []
    for model in found["models"]:
        alike = model["agreement"]
        if alike["value"] is None:
            cells.append(f'<span title="{escape(alike["reason"])}">–</span>')
        else:
            ends = escape(spread(alike, 2))
            cells.append(f"<b>{alike['value']:.2f}</b><small>{ends}</small>")
    return ["<b>Same order of facts</b><small>rank correlation</small>", *cells]
