"""Where to draw the line: a threshold, what it would have caught, what it means today, and save."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import streamlit as st

from cip.errors import CipError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import (
    amount,
    count,
    customers,
    figure,
    percent,
    with_spread,
)
from cip.faces.dashboard.formats import threshold as line_words
from cip.faces.dashboard.parts import blocks, header, kept, plain, profit
from cip.flows.operating_point import (
    OperatingPoint,
    TestOutcome,
    at_threshold,
    flagged_today,
    read_outcome,
)
from cip.flows.results import Results
from cip.flows.shape import has_value, is_plain
from cip.flows.threshold import SavedThreshold, save_threshold, saved_threshold

Summary = Mapping[str, Any]

_SLIDER: Final = "threshold"
_PERCENTS: Final = (*(step / 10 for step in range(1, 10)), *(float(step) for step in range(1, 100)))
"""Where the line may be drawn, in per cent: finer below 1, for risks that are all small."""
_COST: Final = "contact_cost"
_ERROR: Final = "threshold_error"


def show(results: Results) -> None:
    """The slider with everything that hangs on it; a sentence where the run kept no outcome."""
    outcome = _outcome(results.run_id, results)
    if outcome is None:
        st.html(look.block(look.heading("No outcome kept"), look.note(_NONE)))
        return
    _line(results, outcome)
    profit.show(results, outcome)


_NONE: Final = "This run did not keep its predictions at the test date. Run again to have them."


def threshold_in_use(summary: Summary) -> float:
    """The threshold saved last, else the one of the run."""
    saved = saved_threshold(state.workspace(), actor=state.actor())
    return saved.value if saved else float(summary["churn"]["threshold"])


@st.cache_resource(show_spinner=False, max_entries=4)
def _outcome(run_id: str, _results: Results) -> TestOutcome | None:  # noqa: ARG001 - cache key
    return read_outcome(_results, actor=state.actor())


@st.fragment
def _line(results: Results, outcome: TestOutcome) -> None:
    summary = results.summary
    in_use = threshold_in_use(summary)
    start = first_line(outcome, in_use, float(summary["churn"]["base_rate"]["value"] or 0.0))
    percents = percents_with((start, in_use))
    left, right = st.columns([1.35, 1], gap="small")
    with left.container(key="card_line", height="stretch"):
        title = st.empty()
        kept.begin(_SLIDER, start=_percent(start), among=percents)
        chosen = st.select_slider(
            "Flag every customer from a risk of",
            percents,
            key=_SLIDER,
            format_func=lambda step: line_words(step / 100),
        )
        point = at_threshold(outcome, round(kept.keep(_SLIDER, chosen) / 100, 6))
        title.html(look.block(_then_title(point, summary)))
        moved = "" if start == in_use else look.note(_moved_words(in_use))
        st.html(look.block(blocks.four_counts(point), _shares(point), moved))
    with right.container(key="card_today", height="stretch"):
        _today(results, point)
        _save(point.threshold, summary)


def first_line(outcome: TestOutcome, in_use: float, base_rate: float) -> float:
    """Where the slider begins: the threshold in use, or where that flags nobody, the base rate."""
    if (outcome.p_churn >= in_use).any():
        return in_use
    return round(base_rate, 2 if base_rate >= 0.01 else 3) or in_use


def percents_with(thresholds: Iterable[float]) -> list[float]:
    """Where the line may be drawn, in per cent, these thresholds among them."""
    return sorted({*_PERCENTS, *map(_percent, thresholds)})


def _percent(threshold: float) -> float:
    return round(100 * threshold, 4)


def _moved_words(in_use: float) -> str:
    return (
        f"The threshold in use, {line_words(in_use)}, flags nobody: the slider begins at the base "
        "rate, the share that left."
    )


def _then_title(point: OperatingPoint, summary: Summary) -> str:
    return look.heading(
        f"From {line_words(point.threshold)} up, {figure(point.recall.as_dict())} of the leavers "
        "are flagged",
        f"What this line would have done with {count(_all(point))} customers "
        f"{plain.tested_on(summary)}, of whom {count(point.caught + point.missed)} left.",
    )


def _all(point: OperatingPoint) -> int:
    return point.flagged + point.missed + point.left_in_peace


def _shares(point: OperatingPoint) -> str:
    recall, precision = point.recall.as_dict(), point.precision.as_dict()
    return blocks.facts(
        (
            ("Recall: leavers that are flagged", with_spread(recall)),
            ("Precision: flagged who really leave", with_spread(precision)),
            ("Contacts for each leaver caught", _per_leaver(point)),
        )
    )


def _per_leaver(point: OperatingPoint) -> str:
    return f"{point.flagged / point.caught:.1f}" if point.caught else "no leaver is caught"


def _today(results: Results, point: OperatingPoint) -> None:
    """What the line means for the customers of this run, in customers and in money."""
    summary = results.summary
    if not header.scored(summary):
        words = summary["churn"]["verdicts"]["signal"]["sentence"]
        st.html(
            look.block(
                look.heading("No line helps here", "What it would mean today"),
                look.paragraphs([words, _NO_LINE]),
            )
        )
        return
    currency = summary["workspace"]["currency"]
    title = st.empty()
    cost = contact_cost(summary, currency)
    totals = flagged_today(results, point.threshold, actor=state.actor())
    whole = summary["totals"]["expected_value_loss"]["value"] or 0.0
    share = totals.expected_value_loss / whole if whole else 0.0
    spent = cost * totals.customers
    title.html(
        look.block(
            look.heading(
                f"Today this flags {customers(totals.customers)}",
                f"Of {count(summary['totals']['customers'])} scored {plain.scored_on(summary)}",
            )
        )
    )
    if is_plain(summary):
        st.html(look.block(look.note(_ALIKE)))
    spent_said = f"To contact each of them costs {amount(spent, currency)}{each_words(summary)}."
    if not has_value(summary):
        st.html(look.block(look.paragraphs([spent_said, str(summary["value"]["reason"])])))
        return
    said = [
        (
            f"They hold {amount(totals.expected_value_loss, currency)} of expected value loss, "
            f"{percent(share, 0)} of all that is at stake."
        ),
        spent_said,
        pays_from(summary, point.threshold) or _pays(spent, totals.expected_value_loss),
    ]
    st.html(look.block(look.paragraphs(filter(None, said))))


_ALIKE: Final = (
    "Those flagged who stayed are no mistakes here: they look like those who left and are still "
    "here, so they are the ones to turn to."
)
_NO_LINE: Final = (
    "No model serves, so a line flags everybody or nobody: the counts beside are evidence, no plan."
)


def _counted(summary: Summary) -> Mapping[str, Any] | None:
    """What the run counted of contacts, with their costs; None where it did not."""
    found: Mapping[str, Any] = summary["churn"].get("profit") or {}
    return found if "costs" in found else None


def contact_cost(summary: Summary, currency: str) -> float:
    """The run's cost of a contact; where it counted none, what somebody types."""
    counted = _counted(summary)
    if counted is not None:
        return float(counted["costs"]["contact"])
    kept.begin(_COST, start=1.0)
    typed = st.number_input(f"One contact costs, {currency}", 0.0, key=_COST, width=200)
    return kept.keep(_COST, typed)


def each_words(summary: Summary) -> str:
    """What one contact costs, behind the cost of all; nothing where nobody counted."""
    counted = _counted(summary)
    if counted is None:
        return ""
    each = counted["costs"]["contact"]
    return f" ({each:,.2f} {counted['currency']} each, offers not counted)"


def pays_from(summary: Summary, threshold: float) -> str:
    """How the line stands to the risk from which a contact pays; nothing where nobody counted."""
    counted = _counted(summary)
    if counted is None:
        return ""
    least = counted["break_even"]
    if least > 1:
        return "At the run's costs no contact pays."
    risk = f"a risk of {percent(least)} on"
    said = f"At the run's costs, with one value for all, a contact pays from {risk}"
    if threshold < least:
        return f"{said}: those between this line and that cost more than they bring."
    return f"{said}; the card below counts it."


def _pays(spent: float, at_stake: float) -> str:
    if not at_stake:
        return ""
    if spent > at_stake:
        return "That is more than all they could lose: it cannot pay."
    needed = percent(spent / at_stake, 1 if spent < 0.1 * at_stake else 0)
    return f"It pays if the contacts keep more than {needed} of that value; only a test can say."


def _save(threshold: float, summary: Summary) -> None:
    saved = saved_threshold(state.workspace(), actor=state.actor())
    can_save = header.scored(summary)
    said = _saved_words(saved, summary)
    st.html(look.block(look.note(said if can_save else f"{said} {_NO_SAVING}")))
    st.button(
        "Save this threshold",
        type="primary",
        key="save_threshold",
        on_click=_keep,
        args=(threshold,),
        disabled=not can_save,
        help=None if can_save else _NO_SAVING,
    )
    error = st.session_state.pop(_ERROR, None)
    if error is not None:
        st.html(look.error_box(error))


_NO_SAVING: Final = "None can be saved here: no model serves, so a line flags everybody or nobody."


def _saved_words(saved: SavedThreshold | None, summary: Summary) -> str:
    if saved is None:
        run = line_words(summary["churn"]["threshold"])
        return f"Nobody has saved a threshold yet; this run counts from {run}."
    return (
        f"Saved: {line_words(saved.value)}, by {saved.set_by} on "
        f"{saved.set_at:%Y-%m-%d %H:%M} UTC. Runs made after that use it."
    )


def _keep(threshold: float) -> None:
    """Save; a refusal is shown where the button is, since a fragment has no other place."""
    try:
        save_threshold(state.workspace(), threshold, actor=state.actor())
    except CipError as error:
        st.session_state[_ERROR] = error
