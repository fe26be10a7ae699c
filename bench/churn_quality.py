"""How good the churn models are on public tables, chosen as a run chooses them.

The protocol is that of the research note (models.md, C3 and C7): stratified folds, telco with
`StratifiedKFold(5, shuffle, seed 42)` on all 7,043 rows, the others by customer in three.  In each
outer fold everything is chosen inside the other folds by the very code of a run on a plain table
(`flows.plain_churn`): candidate, mix, calibration.  AUC is the mean of the folds, log loss is that
of all rows together.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from time import process_time
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold, StratifiedKFold

from bench.figures import FULL, Figure
from cip.contract.config import parse_config
from cip.flows.plain_churn import model_plain
from cip.flows.plain_look import PlainLooked
from cip.models.churn.model import fit_churn
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

SHARED = Path(__file__).resolve().parents[2] / "shared"
FURTHER = {
    "oulad": "oulad, 32,593 enrolments, withdrawn",
    "hillstrom": "hillstrom, 64,000 customers, visit",
    "cdnow": "cdnow master, 4 cutoffs, no purchase in 90 days",
}
TELCO = "telco, 7,043 customers, StratifiedKFold(5, shuffle, seed 42), nested choice"
TOML = """
format = 1
[workspace]
name = "bench"
currency = "USD"
[sources.table]
path = "table.csv"
[tables.customers]
source = "table"
columns.customer_id = "id"
attributes = { y = "y" }
[churn]
label = { kind = "given", column = "y", left = ["1"] }
[run]
draws = 100
"""


@dataclass(frozen=True)
class Fold:
    """One outer fold: what was chosen, and how good it is on rows that nothing saw."""

    test: NDArray[np.int64]
    p: NDArray[np.float64]
    chosen: str
    auc: float
    cpu_s: float


def quality_figures() -> list[Figure]:
    """The figures of this tier; none without the public data."""
    if not (SHARED / "data/telco").is_dir():
        print("no ../shared/data: the public tables are not measured")
        return []
    X, y, _ = _table("telco")
    frame, infos = _frame(X, y, None)
    folds = list(
        _folds(frame, infos, StratifiedKFold(5, shuffle=True, random_state=42).split(X, y))
    )
    figures: list[Figure | None] = [
        Figure("telco_auc", _mean_auc(folds), "", "higher", TELCO, 0.8495),
        Figure("telco_logloss", _pooled_loss(folds, y), "", "lower", TELCO, 0.4108),
        _against_flaml(folds),
    ]
    if FULL:
        figures.append(_against_splines(frame, infos, y))
        figures += [figure for name in FURTHER for figure in _further(name)]
    return [figure for figure in figures if figure is not None]


def _table(name: str) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.object_] | None]:
    return _prototype().load(str(SHARED / "data"), name)


def _prototype() -> ModuleType:
    """The research prototype's reading of the public tables, unchanged."""
    path = SHARED / "research/prototypes/churn_defaults.py"
    spec = importlib.util.spec_from_file_location("churn_defaults", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _frame(
    X: pd.DataFrame, y: NDArray[np.int64], groups: NDArray[np.object_] | None
) -> tuple[LabelledFrame, tuple[FeatureInfo, ...]]:
    """Numbers as numbers, everything else as categories; nothing is made of them."""
    columns, infos = {}, []
    for name in X.columns:
        is_number = pd.api.types.is_numeric_dtype(X[name]) and X[name].dtype != bool
        values = (
            X[name].to_numpy(dtype=np.float64, na_value=np.nan) if is_number else _texts(X[name])
        )
        columns[name] = values
        kind = "number" if is_number else "category"
        infos.append(FeatureInfo(name, kind, "", name, "{v} ({usual})", name))
    who = np.arange(len(y)) if groups is None else groups
    cutoff = np.full(len(y), np.datetime64("NaT", "us"))
    features = FeatureFrame(who.astype(str).astype(object), cutoff, columns)
    return LabelledFrame(features, y == 1, np.zeros(len(y))), tuple(infos)


def _texts(column: pd.Series) -> NDArray[np.object_]:
    missing = column.isna().to_numpy()
    return np.where(missing, None, column.astype(str).to_numpy(dtype=object))


def _folds(
    frame: LabelledFrame,
    infos: tuple[FeatureInfo, ...],
    splits: Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> Iterator[Fold]:
    config = parse_config(TOML)
    for train, test in splits:
        begun = process_time()
        made = model_plain(_looked(frame.take(train), infos), config).made
        spent = process_time() - begun
        p = made.champion.predict(frame.features.take(test))
        auc = roc_auc_score(frame.churned[test], p)
        print(f"  {made.chosen}: AUC {auc:.4f}, {spent:.0f} CPU-s", flush=True)
        yield Fold(test, p, made.chosen, float(auc), spent)


def _looked(rows: LabelledFrame, infos: tuple[FeatureInfo, ...]) -> PlainLooked:
    nobody = np.full(len(rows), None, dtype=object)
    known = np.ones(len(rows), dtype=np.bool_)
    return PlainLooked({}, rows.features, rows, known, rows.churned, infos, nobody, {}, {}, (), ())


def _mean_auc(folds: Sequence[Fold]) -> float:
    return float(np.mean([fold.auc for fold in folds]))


def _pooled_loss(folds: Sequence[Fold], y: NDArray[np.int64]) -> float:
    test = np.concatenate([fold.test for fold in folds])
    return float(log_loss(y[test], np.concatenate([fold.p for fold in folds])))


def _against_splines(
    frame: LabelledFrame, infos: tuple[FeatureInfo, ...], y: NDArray[np.int64]
) -> Figure:
    """The AUC gained over splines alone, 10 x 10 folds, 95 % (Nadeau and Bengio 2003)."""
    splits = list(RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=42).split(y, y))
    gains = []
    for fold, (train, test) in zip(_folds(frame, infos, iter(splits)), splits, strict=True):
        splines = fit_churn("logistic_regression", frame.take(train), infos, seed=0, threads=1)
        theirs = roc_auc_score(y[test], splines.predict(frame.features.take(test)))
        gains.append(fold.auc - theirs)
    gain, spread = float(np.mean(gains)), float(np.var(gains, ddof=1))
    half = stats.t.ppf(0.975, len(gains) - 1) * sqrt((1 / len(gains) + 1 / 9) * spread)
    return Figure(
        "telco_auc_minus_lr_spline", gain, "", "higher", "telco, 10 x 10 folds, nested choice",
        -0.001, "logistic regression with splines alone", None, (gain - half, gain + half),
        tier="full",
    )  # fmt: skip


def _against_flaml(folds: Sequence[Fold]) -> Figure | None:
    """FLAML on the same folds for as many seconds as we took, on one thread."""
    python = os.environ.get("FLAML_PYTHON")
    if not python:
        print("FLAML_PYTHON names no interpreter with flaml[automl]: FLAML is not compared")
        return None
    seconds = float(np.mean([fold.cpu_s for fold in folds]))
    script = Path(__file__).parent / "peers/flaml_telco.py"
    telco = SHARED / "data/telco/telco_customer_churn.parquet"
    command = [python, "-W", "ignore", str(script), str(telco), f"{seconds:.0f}"]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return Figure(
        "telco_auc_minus_flaml", _mean_auc(folds) - theirs["auc"], "", "higher", TELCO, None,
        f"FLAML {theirs['version']}, {seconds:.0f} s a fold, AUC {theirs['auc']:.4f}, "
        f"log loss {theirs['log_loss']:.4f}",
    )  # fmt: skip


def _further(name: str) -> list[Figure]:
    X, y, groups = _table(name)
    frame, infos = _frame(X, y, groups)
    if groups is None:
        splits = StratifiedKFold(3, shuffle=True, random_state=42).split(X, y)
    else:
        splits = StratifiedGroupKFold(3, shuffle=True, random_state=42).split(X, y, groups)
    folds = list(_folds(frame, infos, splits))
    data = f"{FURTHER[name]}, 3 folds, nested choice"
    return [
        Figure(f"{name}_auc", _mean_auc(folds), "", "higher", data, tier="full"),
        Figure(f"{name}_logloss", _pooled_loss(folds, y), "", "lower", data, tier="full"),
    ]
