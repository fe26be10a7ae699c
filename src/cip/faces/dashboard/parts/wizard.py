"""The mapping wizard: choose data, see them, correct the guesses, see the result, write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import streamlit as st

from cip.errors import CipError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import capital, count, percent
from cip.faces.dashboard.look import escape
from cip.flows import browse, preview
from cip.flows import propose as flow
from cip.settings import Workspace

ANSWERS: Final = "wizard_answers"
WRITTEN: Final = "wizard_written"
_ROUND: Final = "wizard_round"
_SENT: Final = "wizard_sent"
_TYPES: Final = ["csv", "tsv", "parquet", "xlsx"]
_LONGEST: Final = 42
_NONE: Final = "(none)"
_SURE: Final = "sure"
_NOT_SURE: Final = "sure: look here"


@st.fragment
def show() -> None:
    """The steps, each below the one that it needs; nothing is written before the last button."""
    workspace = state.workspace()
    try:
        chosen = _choose(workspace)
        if chosen:
            _mapping(workspace, chosen)
    except CipError as error:
        st.html(look.error_box(error))


def _choose(workspace: Workspace) -> list[str]:
    """Files of the workspace's folder, relative to it."""
    with st.container(key="card_choose"):
        st.html(look.block(look.heading("1 · Which data?", _WHICH)))
        left, right = st.columns(2, gap="medium")
        sent = right.file_uploader("Upload a file", type=_TYPES, key="wizard_upload")
        if sent is not None and st.session_state.get(_SENT) != sent.file_id:
            name = browse.keep_upload(workspace, sent.name, sent.getvalue(), actor=state.actor())
            st.session_state[_SENT] = sent.file_id
            held = st.session_state.get("wizard_files", [])
            st.session_state["wizard_files"] = list(dict.fromkeys([*held, name]))
            _forget()
        files = browse.data_files(workspace, actor=state.actor())
        chosen: list[str] = left.multiselect(
            "Files in the workspace's folder",
            files,
            key="wizard_files",
            on_change=_forget,
            placeholder="Choose one or several" if files else "None yet: upload one",
        )
    return chosen


_WHICH: Final = (
    "Several files may belong together: orders, customers, products. "
    "They are looked at here and never changed."
)


def _forget() -> None:
    """Other data: the answers, and the boxes that held them, are those of the data before."""
    st.session_state[ANSWERS] = {}
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.session_state.pop(WRITTEN, None)


def _mapping(workspace: Workspace, chosen: list[str]) -> None:
    paths = [browse.inside(workspace, name, actor=state.actor()) for name in chosen]
    stamp = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    seen = _look_at(str(workspace.root), stamp)
    proposal = flow.propose(seen, st.session_state.setdefault(ANSWERS, {}))
    with st.container(key="card_seen"):
        _seen(seen, proposal)
    with st.container(key="card_guesses"):
        _guesses(seen, proposal)
    with st.container(key="card_result"):
        _result(seen, proposal)
    with st.container(key="card_write"):
        _write(workspace, seen, proposal)


@st.cache_resource(show_spinner="Looking at a sample of the data", max_entries=4)
def _look_at(root: str, stamp: tuple[tuple[str, int, int], ...]) -> flow.Look:
    """A look stays until a file changes: `stamp` holds path, time and size of each."""
    paths = [path for path, _, _ in stamp]
    seen = flow.look_at(paths, Path(root).parent / "my-shop", actor=state.actor())
    return flow.with_histories(seen, flow.propose(seen))


def _seen(seen: flow.Look, proposal: flow.Proposal) -> None:
    st.html(look.block(look.heading("2 · What is in them", "The first 20 rows, as they stand.")))
    names = [profile.name for profile in seen.profiles]
    source = st.segmented_control(
        "Source", names, default=names[0], key="wizard_source", label_visibility="collapsed"
    )
    shapes = {p.name: s for p, s in zip(proposal.sources, proposal.shapes, strict=True)}
    name = source or names[0]
    profile = seen.named(name).profile
    about = "" if profile.is_whole else "about "
    said = [f"{about}{count(profile.rows)} rows, {len(profile.columns)} columns."]
    said += [f"Passed over: {why}" for why in seen.refused]
    said += [capital(f"{doubt}.") for doubt in profile.doubts]
    taken = f"Taken for {flow.SHAPES[shapes[name].value]}"
    st.html(look.block(_line(shapes[name], taken), look.note(" ".join(said))))
    st.html(look.block(_table(preview.source_rows(seen, name, actor=state.actor()))))


def _guesses(seen: flow.Look, proposal: flow.Proposal) -> None:
    open_ = len(proposal.questions)
    below = f"{open_} to look at first; the rest follows from names and values." if open_ else _ALL
    st.html(look.block(look.heading("3 · What every column means", below)))
    groups: dict[str, list[flow.Guess]] = {}
    for guess in proposal.guesses:
        groups.setdefault(guess.place.rpartition(".")[0], []).append(guess)
    for name, guesses in groups.items():
        st.html(look.block(look.heading(name or "The whole")))
        for start in range(0, len(guesses), 3):
            for place, guess in zip(st.columns(3), guesses[start : start + 3], strict=False):
                with place:
                    _field(seen, guess)


_ALL: Final = "Nothing is in doubt; every choice can still be changed."


def _field(seen: flow.Look, guess: flow.Guess) -> None:
    """A select box that holds the guess, and below it how sure it is and why not surer."""
    options = list(dict.fromkeys([guess.value, *guess.choices, ""]))
    slot = guess.place.rpartition(".")[2]
    key = f"guess_{st.session_state.get(_ROUND, 0)}_{guess.place}_{guess.value}"
    st.selectbox(
        _LABELS.get(slot, capital(slot.replace("_", " "))),
        options,
        index=0,
        format_func=lambda value: _shown(seen, guess, value),
        key=key,
        on_change=_answer,
        args=(guess.place, guess.value, key),
    )
    st.html(look.block(_line(guess, guess.doubt)))


_LABELS: Final[Mapping[str, str]] = {
    "is": "This source is",
    "customer_id": "Who (customer)",
    "item_id": "What (item)",
    "occurred_at": "When",
    "transaction_id": "Which payment",
    "started_at": "Begins",
    "ended_at": "Ends",
    "kind": "What was done",
    "label": "Who counts as having left",
    "horizon_days": "Horizon in days",
}


def _answer(place: str, guessed: str, key: str) -> None:
    """Keep what was chosen.

    A box of the rerun before may call too, with the guess that it held: that is no answer.
    """
    said = st.session_state.get(key, guessed)
    if said != guessed:
        st.session_state[ANSWERS] = {**st.session_state.get(ANSWERS, {}), place: said}
        st.session_state.pop(WRITTEN, None)


def _shown(seen: flow.Look, guess: flow.Guess, value: str) -> str:
    source, _, slot = guess.place.rpartition(".")
    if slot == "is":
        return flow.SHAPES.get(value, value or _NONE)
    profile = next((p for p in seen.profiles if p.name == source), None)
    column = next((c for c in profile.columns if c.name == value), None) if profile else None
    if column is None or not column.examples:
        return value or _NONE
    return f"{value}  ·  {_short(column.examples[0])}"


def _line(guess: flow.Guess, said: str) -> str:
    word = _SURE if guess.is_sure else _NOT_SURE
    kind = "good" if guess.is_sure else "fair"
    pill = f'<span class="pill {kind}">{escape(f"{percent(guess.confidence, 0)} {word}")}</span>'
    return f'<p class="verdict">{pill}<span>{escape(capital(said))}</span></p>'


def _result(seen: flow.Look, proposal: flow.Proposal) -> None:
    st.html(look.block(look.heading("4 · What CIP would read", _RESULT)))
    names = [f"{table.name} from {table.source}" for table in proposal.tables]
    if not names:
        return
    chosen = st.segmented_control(
        "Table", names, default=names[0], key="wizard_table", label_visibility="collapsed"
    )
    part = names.index(chosen) if chosen in names else 0
    made = preview.canonical_rows(seen, proposal, part, actor=state.actor())
    kept = f"{count(made.kept)} rows made of the {count(made.looked_at)} looked at."
    st.html(look.block(look.note(kept), _table(made), _findings(made)))
    with st.expander("The cip.toml"):
        st.code(flow.text_of(proposal), language="toml")


_RESULT: Final = "The first 20 rows in CIP's own words; times in UTC."


def _findings(made: preview.Preview) -> str:
    if not made.findings:
        return look.note("Nothing odd in these rows.")
    rows = [
        [escape(f.severity), f'<span class="code">{escape(f.code)}</span>', escape(f.message)]
        for f in made.findings
    ]
    return look.table(["", "Code", "What was seen"], rows, words=3)


def _write(workspace: Workspace, seen: flow.Look, proposal: flow.Proposal) -> None:
    st.html(look.block(look.heading("5 · Make the workspace", _BESIDE)))
    name = st.text_input("Name of the new workspace", value="my-shop", key="wizard_name")
    root = browse.beside(workspace, name.strip(), actor=state.actor())
    exists = Workspace(root).exists()
    sure = exists and st.checkbox(
        f"{root.name} has a cip.toml already: replace it", key="wizard_replace"
    )
    if st.button(
        "Write cip.toml", type="primary", key="wizard_write", disabled=exists and not sure
    ):
        target = flow.placed(seen, root)
        proposal = flow.propose(target, st.session_state[ANSWERS])
        flow.write(target, proposal, actor=state.actor(), over=bool(sure))
        st.session_state[WRITTEN] = str(root)
    if st.session_state.get(WRITTEN) == str(root):
        st.html(look.block(look.to_do(f"{root.name}/cip.toml is written.", "Next, in a terminal:")))
        st.code(f"cip check -w {root}\ncip run -w {root}", language="bash")


_BESIDE: Final = "A folder beside this workspace; what stands there is not replaced unasked."


def _table(shown: preview.Preview) -> str:
    head = [escape(name) for name in shown.columns]
    rows = [[escape(_short(cell)) for cell in row] for row in shown.rows]
    return look.table(head, rows, words=len(head))


def _short(cell: Any) -> str:
    text = "" if cell is None else f"{cell:%Y-%m-%d %H:%M}" if hasattr(cell, "hour") else str(cell)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
