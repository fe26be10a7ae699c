"""What would change one customer's risk: facts to move, and the least that would bring it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import percent
from cip.faces.dashboard.parts import header, nearest, values
from cip.flows import live as asked
from cip.flows.live import Answer, Lever, Live
from cip.flows.results import Customer, Results
from cip.types import FeatureInfo

Values = Mapping[str, Any]

FIRST: Final = 3
MOST: Final = 6
ROWS: Final = 8
_TURN: Final = "whatif_turn"
_STEPS: Final = 100


def show(results: Results, customer: Customer) -> None:
    """The view; a sentence where nothing can be asked."""
    if customer.has_left:
        st.html(look.block(look.heading("Nothing to keep"), look.note(_LEFT)))
        return
    if not header.scored(results.summary):
        st.html(look.block(look.heading("Nothing to ask"), look.note(_NO_SIGNAL)))
        return
    live = model_of(results)
    if isinstance(live, str):
        st.html(look.block(look.heading("Nothing to ask"), look.note(live)))
        return
    known = asked.values_of(live, customer.customer_id, actor=state.actor())
    if known is None:
        st.html(look.block(look.heading("Nothing to ask"), look.note(_NOT_SCORED)))
        return
    _moving(live, customer, known)
    st.divider()
    nearest.show(live, customer.customer_id, known)
    st.html(look.block(look.note(asked.NO_CAUSE)))


_LEFT: Final = "This customer has left already: no change is asked for."
_NO_SIGNAL: Final = "The churn model is not shown to know more than the average: it has no answer."
_NOT_SCORED: Final = "This run kept no features of this customer."


def model_of(results: Results) -> Live | str:
    """The model of the run, read and verified once a process; or why there is none to ask."""
    return _opened(results.run_id, results)


@st.cache_resource(show_spinner=False, max_entries=4)
def _opened(run_id: str, _results: Results) -> Live | str:  # noqa: ARG001 - the key of the cache
    return asked.open_live(_results, actor=state.actor())


@st.fragment
def _moving(live: Live, customer: Customer, known: Values) -> None:
    """The facts to move, and what the model says then: moving one moves only these."""
    turn = f"{customer.customer_id} {st.session_state.get(_TURN, 0)}"
    infos = _chosen(live, known, turn)
    left, right = st.columns([1, 1.35], gap="medium")
    with left:
        changes = _levers(live, infos, known, turn)
    said = asked.try_changes(live, known, changes)
    currency = live.results.summary["workspace"]["currency"]
    right.html(look.block(*_answer(live, customer, said, currency)))


def _chosen(live: Live, known: Values, turn: str) -> list[FeatureInfo]:
    """The facts to move: those that the business can change first, then the most telling."""
    infos = {i.name: i for i in asked.movable(live, known) if not values.is_unknown(known[i.name])}
    first = [name for name in asked.declared(live) if name in infos]
    start = list(dict.fromkeys([*first, *infos]))[: max(FIRST, min(len(first), MOST))]
    st.html(look.block(look.heading("What if these were otherwise?", _MOVE)))
    chosen = st.multiselect(
        "Facts to move",
        list(infos),
        start,
        format_func=lambda name: values.short(infos[name]),
        max_selections=MOST,
        key=f"whatif_facts {turn}",
        label_visibility="collapsed",
    )
    return [infos[name] for name in chosen]


def _levers(live: Live, infos: Sequence[FeatureInfo], known: Values, turn: str) -> dict[str, Any]:
    """One control a fact; only what was moved is a change."""
    moved = {
        info.name: _control(asked.lever(live, info, known[info.name]), f"whatif {info.name} {turn}")
        for info in infos
    }
    st.button("Back to how it is", key="whatif_back", on_click=_back)
    return {name: value for name, value in moved.items() if value != known[name]}


def _back() -> None:
    """Controls of another key begin where the customer is."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


_MOVE: Final = "Each moves in the range where 98 % of the customers are."


def _control(lever: Lever, key: str) -> Any:
    """A slider from low to high, or a choice; it begins where the customer is."""
    label = values.short(lever.info)
    if lever.levels:
        return st.selectbox(label, lever.levels, lever.levels.index(str(lever.now)), key=key)
    now = float(lever.now or 0.0)
    if lever.high <= lever.low:
        st.html(look.block(look.note(f"{label}: the same for everybody.")))
        return now
    if lever.is_whole:
        return float(st.slider(label, int(lever.low), int(lever.high), int(now), key=key))
    step = values.step(lever.high - lever.low, _STEPS)
    found = st.slider(label, lever.low, lever.high, now, step, format=values.places(step), key=key)
    return now if abs(found - now) < step / 2 else float(found)


def _answer(live: Live, customer: Customer, said: Answer, currency: str) -> list[str]:
    if not said.moved:
        return [
            look.heading(f"As it is, the risk is {percent(said.p_before)}", _NOTHING_MOVED),
            _other_model(customer, said),
        ]
    by_points = 100 * (said.p_after - said.p_before)
    way = "higher" if by_points > 0 else "lower"
    title = f"The risk would be {percent(said.p_after)}, {abs(by_points):.1f} points {way}"
    infos = {info.name: info for info in live.infos}
    steps = _steps(said, infos)
    names = ("As it is", "As it would be")
    return [
        look.heading(title, "Points of probability that each fact brings by its change"),
        look.waterfall(said.p_before, steps, said.p_after, names),
        nearest.followed(said, infos),
        _impossible(said, infos, currency),
        _other_model(customer, said),
    ]


_NOTHING_MOVED: Final = "Move a fact beside, and see what the model would say."


def _steps(said: Answer, infos: Mapping[str, FeatureInfo]) -> list[tuple[str, float]]:
    """The facts that moved, what weighs most first; all that only weigh otherwise now as one."""
    first: dict[str, str] = {}
    for moved in said.moved:
        info = infos[moved.feature]
        first.setdefault(info.fact, values.from_to(moved.before, moved.after, info))
    named = [
        (first[fact], points)
        for fact, points in said.points.items()
        if fact in first and abs(points) >= 0.0005
    ][:ROWS]
    rest = said.p_after - said.p_before - sum(points for _, points in named)
    return [*named, (_REST, rest)] if abs(rest) >= 0.0005 else named


_REST: Final = "Other facts, which weigh otherwise beside these"


def _impossible(said: Answer, infos: Mapping[str, FeatureInfo], currency: str) -> str:
    if not said.impossible:
        return ""
    pairs = [
        f"{values.lower(infos[name])}: {values.said(said.values[name], infos[name], currency)}"
        for name in said.impossible[0]
    ]
    return look.note(
        f"No customer can be so: «{pairs[0]}» and «{pairs[1]}» contradict each other. Read the "
        "risk with that in mind."
    )


def _other_model(customer: Customer, said: Answer) -> str:
    """Under cross-validation the published risk is of a model that did not see the customer."""
    if abs(customer.p_churn - said.p_before) < 0.0005:
        return ""
    return look.note(
        f"The risk above, {percent(customer.p_churn)}, is of a model that did not see whether this "
        f"customer left. The answers here are of the model that serves, which learnt from all: it "
        f"says {percent(said.p_before)}."
    )
