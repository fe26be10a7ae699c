"""The model files of a run, safe to hand on: JSON, native text and plain arrays, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cip import columns as c
from cip.flows.csv_text import csv_text
from cip.flows.model_folder import MODEL, read_model
from cip.flows.served import check_model_files
from cip.models.churn.model import ChurnModel
from cip.stores.registry import SUFFIXES, read_artefacts, write_artefacts
from cip.wording import percent

MODELS: Final = "models"
_FOLDERS: Final = {"churn_model": MODEL, "recommender": "recommender"}
_COLUMNS: Final = "feature_columns.json"
_EXPLAINER: Final = "explainer.json"
MODEL_FILES: Final = (*_FOLDERS, _COLUMNS, _EXPLAINER)
"""What `export_models` may write."""


def export_models(
    published: Path, folder: Path, summary: Mapping[str, Any], model: ChurnModel
) -> list[str]:
    """Names of the files and folders written below `models/`; those of an earlier run are removed.

    `churn_model/` and `recommender/` hold artefacts with a manifest; `feature_columns.json` says
    what the churn model reads; `explainer.json` says how its reasons are computed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, source in _FOLDERS.items():
        _clear(folder / name)
        if (published / source).is_dir():
            _copy(published / source, folder / name)
            written.append(f"{MODELS}/{name}")
    documents = {_COLUMNS: _columns(model, summary), _EXPLAINER: _explainer(model, summary)}
    for name, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        (folder / name).write_text(text, encoding="utf-8")
        written.append(f"{MODELS}/{name}")
    return written


def read_churn_model(published: Path) -> ChurnModel:
    """The model of a run, after both manifests and its schema were verified."""
    check_model_files(published)
    return read_model(published / MODEL)[0]


def processed_features(published: Path, model: ChurnModel) -> str:
    """The scored customers as the churn model reads them: encoded columns, as CSV.

    The customers' ids alone where no model was shown to know more than the base rate.
    """
    table = pq.read_table(published / "features.parquet")
    columns = {name: _array(table[name]) for name in model.features}
    encoded = model.encoder.transform(columns) if columns else np.zeros((table.num_rows, 0))
    ids = table[c.CUSTOMER_ID].to_pylist()
    rows = (
        {c.CUSTOMER_ID: who, **dict(zip(model.encoder.outputs, values, strict=True))}
        for who, values in zip(ids, encoded.tolist(), strict=True)
    )
    return csv_text([c.CUSTOMER_ID, *model.encoder.outputs], rows)


def _copy(source: Path, target: Path) -> None:
    """The same artefacts under a manifest of their own; checksums are verified on the way."""
    files, manifest = read_artefacts(source)
    kept = {k: v for k, v in manifest.items() if k not in {"files", "format", "created_at"}}
    write_artefacts(target, files, kept)


def _clear(folder: Path) -> None:
    """The artefacts of an earlier export go, and the folder with them; nothing else does."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_file() and path.suffix in SUFFIXES:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def _columns(model: ChurnModel, summary: Mapping[str, Any]) -> dict[str, Any]:
    described = {feature["name"]: feature for feature in summary["churn"]["features"]}
    return {
        "model": model.name,
        **_note(model, summary),
        "features": [described[name] for name in model.features],
        "encoded": list(model.encoder.outputs),
    }


def _explainer(model: ChurnModel, summary: Mapping[str, Any]) -> dict[str, Any]:
    base, _ = model.contributions_one(dict.fromkeys(model.features))
    return {
        "model": model.name,
        **_note(model, summary),
        "method": "exact SHAP values of the model in churn_model/, in log-odds, summed a feature",
        "base_p": summary["churn"]["base_p"],
        "base_margin": base,
        "margin": "base_margin + the sum of all contributions = log(p / (1 - p))",
        "points": "contribution times (p - base_p) / (margin - base_margin)",
        "importance": summary["churn"]["importance"],
    }


def _note(model: ChurnModel, summary: Mapping[str, Any]) -> dict[str, str]:
    """Why there is nothing to read: a model that asks for no feature."""
    if model.features:
        return {}
    return {
        "note": "No model was shown to know more than the base rate, so none serves: no column is "
        f"read, and everybody gets {percent(summary['churn']['base_p'])}."
    }


def _array(column: pa.ChunkedArray) -> Any:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.array(column.to_pylist(), dtype=np.object_)
