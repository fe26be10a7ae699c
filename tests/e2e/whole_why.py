"""The part of an invented run that says why: a fitted model, its sample, segments and groups."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import expit
from tests.e2e import whole_run
from tests.made import config_of

from cip.flows.fairness import fairness_table
from cip.flows.insights import Explained, Insights, look_into
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.explain import global_importance
from cip.stores.published import write_table
from cip.stores.registry import write_artefacts
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

CHANGEABLE = {
    "recency_days": {"low": 1.0, "direction": "down"},
    "spend_90d": {"high": 500.0, "direction": "up"},
}
SENSITIVE = ["country", "age"]


def infos() -> list[FeatureInfo]:
    return [FeatureInfo(**said) for said in whole_run.features_in_words()]


def frame(customers: pa.Table) -> FeatureFrame:
    table = whole_run.features(customers, np.random.default_rng(3))
    columns = {
        info.name: np.array(table[info.name].to_pylist(), dtype=object)
        if info.kind == "category"
        else table[info.name].to_numpy(zero_copy_only=False).astype(np.float64)
        for info in infos()
    }
    n = table.num_rows
    ids = np.array(table["customer_id"].to_pylist(), dtype=object)
    return FeatureFrame(ids, np.zeros(n, dtype="datetime64[us]"), columns)


def labelled(customers: pa.Table) -> LabelledFrame:
    made, rng = frame(customers), np.random.default_rng(5)
    days, spent = made.columns["recency_days"], made.columns["spend_90d"]
    left = rng.random(len(made)) < expit(-1.5 + 0.025 * days - 0.002 * spent)
    return LabelledFrame(made, left, np.zeros(len(made)))


@cache
def _model(name: str, rows: int) -> ChurnModel:
    from tests.e2e import conftest

    return fit_churn(name, labelled(conftest.customers()), infos(), seed=1, threads=1)


def explained(customers: pa.Table, name: str) -> tuple[ChurnModel, Insights, list[Any]]:
    model, made = _model(name, len(customers)), frame(customers)
    base, shap = model.contributions(made)
    importance = global_importance(shap, infos())
    segment = np.array([-1 if s is None else s for s in customers["segment"].to_pylist()])
    found = look_into(
        model,
        infos(),
        Explained(made, model.predict(made), base, shap),
        importance,
        segment=segment,
        seed=1,
    )
    assert found is not None
    return model, found, list(importance)


def write(staging: Path, customers: pa.Table, name: str = "lightgbm") -> None:
    """The model, the features that it read, and the tables that say why."""
    model, found, _ = explained(customers, name)
    write_artefacts(staging / "model", model.artefacts(), {"name": model.name, "run_id": "r"})
    for table, rows in found.tables.items():
        write_table(staging, table, rows)
    columns = frame(customers).columns
    written = {
        n: pa.array(v, from_pandas=True) if v.dtype != object else pa.array(v.tolist())
        for n, v in columns.items()
    }
    write_table(staging, "features", pa.table({"customer_id": customers["customer_id"], **written}))


def parts(customers: pa.Table, name: str = "lightgbm") -> dict[str, Any]:
    """What the summary says of them, and the part of `cip.toml` they were made from."""
    model, found, importance = explained(customers, name)
    rows = labelled(customers)
    ages = np.random.default_rng(8).integers(18, 80, len(rows)).astype(np.float64)
    columns = {**rows.features.columns, "age": ages}
    test = LabelledFrame(
        FeatureFrame(rows.features.customer_id, rows.features.cutoff, columns),
        rows.churned,
        rows.future_value,
    )
    config = config_of(
        SENSITIVE,
        workspace={"name": "A shop", "currency": "GBP"},
        churn={"changeable": CHANGEABLE, "sensitive": SENSITIVE},
    )
    return {
        "insights": found.as_dict(),
        "fairness": fairness_table(test, model.predict(rows.features), model.features, config),
        "config": config.model_dump(mode="json"),
        "importance": [
            {"fact": i.fact, "label": i.fact, "share": i.share, "low": i.low, "high": i.high}
            for i in importance
        ],
    }
