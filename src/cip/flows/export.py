"""Write the current run as CSV files for a spreadsheet, with a description of each column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from cip import columns as c
from cip.access.roles import require
from cip.errors import SettingsError
from cip.flows.csv_text import csv_text
from cip.flows.export_models import export_models, processed_features
from cip.flows.fairness import GROUP_ESTIMATES, fairness_rows
from cip.flows.results import Wanted, export_customers, open_results
from cip.flows.shape import is_plain
from cip.settings import Workspace
from cip.stores.published import run_folder
from cip.stores.records import open_records
from cip.types import Finding, Principal

_PERSONA: Final = (
    "segment",
    "name",
    "narrative",
    "customers",
    "share",
    "p_churn",
    "clv",
    "expected_value_loss",
)
COLUMNS: Final[Mapping[str, str]] = {
    "rank": "1 has the greatest expected value loss",
    "customer_id": "the customer, as in your data",
    "name": "what people call the customer, where it is known",
    "p_churn": "probability of leaving within the horizon, 0 to 1",
    "p_churn_low": "the same if this customer were known to stay, by Venn-Abers calibration",
    "p_churn_high": "the same if this customer were known to leave, by Venn-Abers calibration",
    "churn_band": "Low, Medium or High by the fixed cut-points in cip.toml",
    "clv": "discounted value of the horizon, in the run's currency",
    "clv_if_retained": "the same, given that the customer stays through the churn horizon",
    "expected_value_loss": "p_churn times clv_if_retained, in the run's currency",
    "clv_band": "Low, Medium or High by the fixed cut-points in cip.toml",
    "priority_segment": "value band and churn band together",
    "segment": "number of the customer's segment, from 0",
    "segment_name": "what the segment is called",
    "narrative": "the segment in two sentences",
    "customers": "customers in the segment",
    "share": "share of all customers, 0 to 1",
    "differs": "facts in which the segment differs most from everybody",
    "item_id": "the item, as in your data",
    "stars": "the last rating the customer gave the item",
    "day": "day of the rating, counted from 1970-01-01",
    "description": "what a column is",
    "has_left": "has left by the label column; such customers rank after all others",
    "p_alive": "probability that the customer still buys at all, by BG/NBD",
    "last_purchase_days": "days from the last purchase day to the cutoff",
    "purchase_days": "days with a purchase so far",
    "main_reason": "the fact that moves this customer's risk most",
    "churned": "what happened at the test cutoff: True left",
    "future_value": "money received in the horizon after the test cutoff",
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
    "total_rows": "rows looked at",
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
_FINDINGS: Final = tuple(field.name for field in fields(Finding))
_FAIRNESS: Final = (
    *("attribute", "group", "customers", "leavers", "mean_p_churn"),
    *(f"{name}{end}" for name in GROUP_ESTIMATES for end in ("", "_low", "_high")),
    "fewer_than_50",
)
_COMPARISON: Final = ("model", "part", "metric", "value", "low", "high", "level")
_RATINGS: Final = (c.CUSTOMER_ID, c.ITEM_ID, "stars", "day")


def export(workspace: Workspace, folder: Path, *, actor: Principal) -> dict[str, int]:
    """Rows written, by file name; model files count as one.

    Cells that a spreadsheet would run are neutralised.  Model files are the run's own, text and
    plain arrays with a manifest that is verified first.
    Raises: SettingsError F-210 when `folder` is a file; NotReadyError F-201 without a run.
    """
    require(actor, "export")
    results = open_results(workspace, actor=actor)
    if folder.exists() and not folder.is_dir():
        raise SettingsError("F-210", f"{folder} is a file.", "name a folder to write into")
    folder.mkdir(parents=True, exist_ok=True)
    published = run_folder(workspace.published, results.run_id)
    texts = {
        "churn_scored.csv": export_customers(results, Wanted(), actor=actor),
        "user_features.csv": _table(published, "features"),
        "churn_features_processed.csv": processed_features(published),
        "test_predictions.csv": _table(published, "test_predictions"),
        "ratings_data.csv": _table(published, "ratings", _RATINGS),
        "cluster_personas.csv": _csv(_personas(results.summary), (*_PERSONA, "differs")),
        "model_comparison.csv": _csv(_comparison(results.summary), _COMPARISON),
        "fairness.csv": _csv(fairness_rows(results.summary), _FAIRNESS),
        "findings.csv": _csv(results.summary["data"]["findings"], _FINDINGS),
        "columns.csv": _csv(_described(results.summary), ("column", "description")),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    models = export_models(published, folder / "models", results.summary)
    with open_records(workspace.records_url) as records:
        records.log(actor, "export", results.run_id, {"files": sorted([*texts, *models])})
    rows = {name: max(text.count("\r\n") - 1, 0) for name, text in texts.items()}
    return rows | dict.fromkeys(models, 1)


def _table(published: Path, name: str, header: Sequence[str] = ()) -> str:
    """The table as CSV; `header` alone where the run has none."""
    path = published / f"{name}.parquet"
    if not path.is_file():
        return csv_text(header, [])
    table = pq.read_table(path)
    return csv_text(table.column_names, table.to_pylist())


def _personas(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {key: item[key] for key in _PERSONA} | {"differs": " | ".join(item["differs"])}
        for item in summary["segments"].get("items", ())
    ]


def _comparison(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"model": model["name"], "part": part, "metric": metric}
        | {key: figure[key] for key in ("value", "low", "high", "level")}
        for model in summary["churn"]["models"]
        for part in ("validation", "compared", "test")
        for metric, figure in model.get(part, {}).items()
    ]


def _described(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    features = {f["name"]: _feature_words(f) for f in summary["churn"]["features"]}
    ends = {
        f"{name}_{end}": f"{side} end of the 95 % interval of {name}"
        for name in GROUP_ESTIMATES
        for end, side in (("low", "lower"), ("high", "upper"))
    }
    said = {**COLUMNS, **(_PLAIN_COLUMNS if is_plain(summary) else {}), **ends, **features}
    return [{"column": name, "description": text} for name, text in said.items()]


def _feature_words(feature: Mapping[str, Any]) -> str:
    """`Days since the last purchase (days)`; an attribute without a unit says its kind."""
    words = {"number": "a number", "category": "one of several words"}
    aside = feature["unit"] or words.get(feature.get("kind", ""), "")
    said = str(feature["description"])
    return f"{said} ({aside})" if aside else said


def _csv(rows: Iterable[Mapping[str, Any]], header: Sequence[str]) -> str:
    """The rows under their own names; under `header` where there are none."""
    listed = list(rows)
    return csv_text(list(listed[0]) if listed else header, listed)
