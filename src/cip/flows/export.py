"""Write the current run as CSV files for a spreadsheet, with a description of each column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from cip import columns as c
from cip.access.roles import require
from cip.engine.histories import DAY
from cip.errors import SettingsError
from cip.flows.csv_text import csv_text
from cip.flows.export_columns import described
from cip.flows.export_models import (
    MODEL_FILES,
    MODELS,
    export_models,
    processed_features,
    read_churn_model,
)
from cip.flows.fairness import GROUP_ESTIMATES, fairness_rows
from cip.flows.results import Wanted, export_customers, open_results
from cip.flows.without_model import scored
from cip.settings import Workspace
from cip.stores.customers import attribute_names
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
_FINDINGS: Final = tuple(field.name for field in fields(Finding))
_DESCRIBED: Final = ("column", "description")
_SENSITIVITY: Final = ("label", "is_primary", "horizon_days", "customers", "churn_rate")
_FAIRNESS: Final = (
    *("attribute", "group", "customers", "leavers", "mean_p_churn"),
    *(f"{name}{end}" for name in GROUP_ESTIMATES for end in ("", "_low", "_high")),
    "fewer_than_50",
)
_COMPARISON: Final = ("model", "part", "metric", "value", "low", "high", "level")
_RATINGS: Final = (c.CUSTOMER_ID, c.ITEM_ID, "stars", DAY)
_COLUMNS: Final = "columns.csv"
_EPOCH: Final = date(1970, 1, 1)


def export(workspace: Workspace, folder: Path, *, actor: Principal) -> dict[str, int]:
    """Rows written, by file name; model files count as one.

    Cells that a spreadsheet would run are neutralised.  Model files are the run's own, text and
    plain arrays with a manifest that is verified first.  An earlier export is replaced.
    Raises: SettingsError F-210 when `folder` is a file, F-211 where it holds files of these names
    that no export wrote; NotReadyError F-201 without a run.
    """
    require(actor, "export")
    results = open_results(workspace, actor=actor)
    summary, published = results.summary, run_folder(workspace.published, results.run_id)
    model = read_churn_model(published)
    texts = {
        "churn_scored.csv": export_customers(results, Wanted(), actor=actor),
        "user_features.csv": _table(published, "features"),
        "churn_features_processed.csv": processed_features(published, model),
        "test_predictions.csv": _table(published, "test_predictions"),
        "ratings_data.csv": _ratings(published),
        "cluster_personas.csv": _csv(_personas(summary), (*_PERSONA, "differs")),
        "model_comparison.csv": _csv(_comparison(summary), _COMPARISON),
        "sensitivity.csv": csv_text(_SENSITIVITY, summary.get("sensitivity", ())),
        "fairness.csv": _csv(fairness_rows(summary), _FAIRNESS),
        "findings.csv": _csv(summary["data"]["findings"], _FINDINGS),
    }
    words = described(
        [*map(_header, texts.values()), _DESCRIBED],
        summary,
        model.encoder,
        attribute_names(results.customers.columns),
    )
    texts[_COLUMNS] = csv_text(_DESCRIBED, words)
    _check_folder(folder, texts)
    folder.mkdir(parents=True, exist_ok=True)
    # first the file by which the next export knows this one, also where it is stopped half-way
    for name in sorted(texts, key=lambda name: name != _COLUMNS):
        (folder / name).write_text(texts[name], encoding="utf-8", newline="")
    models = export_models(published, folder / MODELS, summary, model)
    with open_records(workspace.records_url) as records:
        records.log(actor, "export", results.run_id, {"files": sorted([*texts, *models])})
    rows = {name: max(text.count("\r\n") - 1, 0) for name, text in texts.items()}
    return rows | dict.fromkeys(models, 1)


def _check_folder(folder: Path, texts: Iterable[str]) -> None:
    """An earlier export is known by its description of the columns."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError("F-210", f"{folder} is a file.", "name a folder to write into")
    before = folder / _COLUMNS
    if before.is_file() and before.read_bytes().startswith(csv_text(_DESCRIBED, []).encode()):
        return
    wanted = [*texts, *(f"{MODELS}/{name}" for name in MODEL_FILES)]
    foreign = [name for name in wanted if (folder / name).exists()]
    if foreign:
        raise SettingsError(
            "F-211",
            f"{folder} holds {', '.join(foreign)}, and no export of CIP wrote it.",
            "name another folder: files of these names would be overwritten",
        )


def _table(published: Path, name: str) -> str:
    table = pq.read_table(published / f"{name}.parquet")
    return csv_text(table.column_names, table.to_pylist())


def _ratings(published: Path) -> str:
    """The header alone where the run has no ratings; days as dates."""
    path = published / "ratings.parquet"
    rows = pq.read_table(path).to_pylist() if path.is_file() else []
    return csv_text(_RATINGS, ({**row, DAY: _EPOCH + timedelta(days=row[DAY])} for row in rows))


def _header(text: str) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline="")))


def _personas(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Without signal there is no score of a segment either."""
    unknown = {} if scored(summary) else dict.fromkeys((c.P_CHURN, c.EXPECTED_VALUE_LOSS))
    return [
        {key: item[key] for key in _PERSONA} | unknown | {"differs": " | ".join(item["differs"])}
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


def _csv(rows: Iterable[Mapping[str, Any]], header: Sequence[str]) -> str:
    """The rows under their own names; under `header` where there are none."""
    listed = list(rows)
    return csv_text(list(listed[0]) if listed else header, listed)
