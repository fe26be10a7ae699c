"""What each column of the exported files is, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from cip.flows.fairness import GROUP_ESTIMATES
from cip.flows.results import SCORES
from cip.flows.shape import is_plain
from cip.flows.without_model import scored
from cip.models.encode import Encoder
from cip.models.encode_parts import Part

COLUMNS: Final[Mapping[str, str]] = {
    "rank": "1 has the greatest expected value loss",
    "customer_id": "the customer, as in your data",
    "name": "what people call the customer, where it is known",
    "p_churn": "probability of leaving within the horizon, 0 to 1",
    "p_churn_low": "the same if this customer were known to stay, by Venn-Abers calibration",
    "p_churn_high": "the same if this customer were known to leave, by Venn-Abers calibration",
    "churn_band": "Low, Medium or High by the fixed cut-points in cip.toml",
    "clv": "discounted value of the horizon, in the run's currency; empty where nobody can say",
    "clv_if_retained": "the same, given that the customer stays through the churn horizon",
    "expected_value_loss": "p_churn times clv_if_retained, in the run's currency",
    "clv_band": "Low, Medium or High by the fixed cut-points in cip.toml; empty where clv is empty",
    "priority_segment": "value band and churn band together; the churn band alone in a run that "
    "does not know values, else empty where clv is empty",
    "segment": "number of the customer's segment, from 0",
    "segment_name": "what the segment is called",
    "narrative": "the segment in two sentences",
    "customers": "customers in the segment, in the group, or looked at",
    "share": "share of all customers, 0 to 1",
    "label": "what counts as leaving: a rule, or the column that says it",
    "is_primary": "True: the definition that this run models",
    "horizon_days": "days within which it must happen; empty for a column without a date",
    "churn_rate": "share of the customers who left by this definition, 0 to 1",
    "differs": "facts in which the segment differs most from everybody",
    "item_id": "the item, as in your data",
    "stars": "the last rating the customer gave the item",
    "day": "day of the rating",
    "description": "what a column is",
    "has_left": "has left by the label column; such customers rank after all others",
    "p_alive": "probability that the customer still buys at all, by BG/NBD",
    "last_purchase_days": "days from the last active day to the cutoff: a day with a purchase "
    "where churn is about purchases, else a day of any kind",
    "purchase_days": "days with a purchase so far",
    "main_reason": "the fact that moves this customer's risk most",
    "churned": "what happened at the test cutoff: True left",
    "future_value": "money received in the horizon after the test cutoff; empty where no payments "
    "are mapped",
    "attribute": "the customer attribute that is declared sensitive",
    "group": "customers with this value of it",
    "leavers": "how many of them left",
    "mean_p_churn": "mean probability of leaving that the model gave them",
    "base_rate": "share of them who left",
    "predicted_over_realised": "leavers predicted for each that left: 1 is right",
    "roc_auc": "how often a leaver of the group is ranked above a stayer of it",
    "recall": "share of the group's leavers that are flagged at the threshold",
    "false_alarms": "share of the group's stayers that are flagged at the threshold",
    "fewer_than_50": "True: fewer than 50 left or stayed, so chance moves the figures far",
    "model": "the candidate",
    "part": "validation (chosen on); compared: on test, all learned from the same rows "
    "of the training cutoffs; "
    "test: on test, the chosen model and the baselines learned from all rows and the validation "
    "cutoff too",
    "metric": "the figure",
    "value": "the figure's value",
    "low": "lower end of its interval",
    "high": "upper end of its interval",
    "level": "nominal coverage of the interval",
    "code": "the check that found it",
    "severity": "error stops a load, warning removed rows, info kept them",
    "table": "the canonical table or the file",
    "column": "the column",
    "rows": "rows concerned",
    "total_rows": "rows looked at: those that no earlier check had left out",
    "message": "what was seen and what was done",
    "remedy": "what to do about it",
    "first_row": "the first row concerned, counted in your file",
    "source": "the source in cip.toml, where the table has several",
    "left_out": "rows that were left out because of it",
    "rows_seen": "numbers of some of the rows concerned",
    "values_seen": "some of the values concerned",
    "example": "the value in that row",
    "cutoff": "the instant the features know nothing after, a midnight of the business",
}

_PLAIN_COLUMNS: Final[Mapping[str, str]] = {
    "part": "validation: of that model alone, out of fold, which its being chosen flatters; test: "
    "on customers whose label was held out, of the chosen model with the whole way of choosing it "
    "(nested cross-validation)",
    "churned": "what the label says: True left",
    "mean_p_churn": "mean probability of leaving, by models that had not seen the label",
}
_NO_SCORE: Final = "; empty in lists of this run, in which no churn model serves"
_MADE_OF: Final[Mapping[str, str]] = {
    ": other": "1 where {name} is none of the values that have a column, else 0",
    ": missing": "1 where {name} is not known, else 0",
    ": line": "{name}, clipped at its extremes and standardised",
}


def described(
    headers: Iterable[Iterable[str]],
    summary: Mapping[str, Any],
    encoder: Encoder,
    attributes: Iterable[str],
) -> list[dict[str, str]]:
    """One row for each column that stands in a file, in the order of the files.

    `attributes`: the columns of the user's own data, beside the results.
    """
    said = {
        **{name: f"the customer's {name}, as in your data" for name in attributes},
        **_encoded(encoder),
        **COLUMNS,
        **(_PLAIN_COLUMNS if is_plain(summary) else {}),
        **_group_ends(),
        **{f["name"]: _feature_words(f) for f in summary["churn"]["features"]},
    }
    if not scored(summary):
        said |= {name: said[name] + _NO_SCORE for name in SCORES}
    there = dict.fromkeys(name for header in headers for name in header)
    return [{"column": name, "description": said.get(name, "")} for name in there]


def _group_ends() -> dict[str, str]:
    return {
        f"{name}_{end}": f"{side} end of the 95 % interval of {name}"
        for name in GROUP_ESTIMATES
        for end, side in (("low", "lower"), ("high", "upper"))
    }


def _encoded(encoder: Encoder) -> dict[str, str]:
    return {name: words for part in encoder.parts for name, words in _of_part(part)}


def _of_part(part: Part) -> Iterator[tuple[str, str]]:
    for output in part.outputs:
        tail = output.removeprefix(part.name)
        if tail.startswith(" = "):
            yield output, f"1 where {part.name} is {tail.removeprefix(' = ')}, else 0"
        elif tail.startswith(": spline"):
            yield output, f"height of curve {tail.rsplit(' ', 1)[-1]} at the rank of {part.name}"
        elif tail in _MADE_OF:
            yield output, _MADE_OF[tail].format(name=part.name)


def _feature_words(feature: Mapping[str, Any]) -> str:
    """`Days since the last purchase (days)`; an attribute without a unit says its kind."""
    words = {"number": "a number", "category": "one of several words"}
    aside = feature["unit"] or words.get(feature.get("kind", ""), "")
    said = str(feature["description"])
    return f"{said} ({aside})" if aside else said
