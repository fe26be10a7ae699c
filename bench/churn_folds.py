"""The protocol of the churn figures: outer folds, and what each side learns in them.

Ours is chosen inside each outer fold by the very code of a run on a plain table
(`flows.plain_churn`): candidate, mix, calibration.  A peer gets the same rows as a file in which
the outcome of the fold's test rows is missing.  AUC is the mean of the folds, log loss that of all
rows together.
"""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from bench.measure import cost_of
from bench.referees import PEERS
from cip.contract.config import Config, parse_config
from cip.flows.plain_churn import model_plain
from cip.flows.plain_look import PlainLooked
from cip.models.churn.model import fit_churn
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

SHARED = Path(__file__).resolve().parents[2] / "shared"
SHARED_DATA = SHARED / "data"
FOLDS, SEED = 5, 42
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

Split = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Table:
    """n customers: `X` as published, `y` (n,) 0 or 1, `groups` (n,) where rows are not apart."""

    X: pd.DataFrame
    y: NDArray[np.int64]
    groups: NDArray[np.object_] | None = None

    def splits(self) -> list[Split]:
        """Stratified folds, shuffled with seed 42; a group is never on both sides."""
        if self.groups is None:
            made = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(self.X, self.y)
        else:
            grouped = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
            made = grouped.split(self.X, self.y, self.groups)
        return list(made)


@dataclass(frozen=True)
class Fold:
    """One outer fold: how good one side is on rows that it never saw; `said` is for people."""

    test: NDArray[np.int64]
    p: NDArray[np.float64]
    auc: float
    log_loss: float
    cpu_s: float
    said: str


def public_table(name: str) -> Table:
    """The public table as the research prototype reads it, unchanged."""
    return Table(*_prototype().load(str(SHARED_DATA), name))


def _prototype() -> ModuleType:
    path = SHARED / "research/prototypes/churn_defaults.py"
    spec = importlib.util.spec_from_file_location("churn_defaults", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(table: Table, splits: Sequence[Split], toml: str = TOML) -> Iterator[Fold]:
    """Chosen and fitted on the training rows of each fold, as a run does it."""
    frame, infos = as_frame(table)
    config: Config = parse_config(toml)
    for train, test in splits:
        begun = process_time()
        made = model_plain(_looked(frame.take(train), infos), config).made
        spent = process_time() - begun
        yield _fold(
            table, test, made.champion.predict(frame.features.take(test)), spent, made.chosen
        )


def splines(table: Table, splits: Sequence[Split]) -> Iterator[Fold]:
    """Logistic regression with splines alone, nothing chosen."""
    frame, infos = as_frame(table)
    for train, test in splits:
        begun = process_time()
        model = fit_churn("logistic_regression", frame.take(train), infos, seed=0, threads=1)
        spent = process_time() - begun
        yield _fold(table, test, model.predict(frame.features.take(test)), spent, model.name)


def referee(
    name: str, python: str, table: Table, splits: Sequence[Split], cpu_s: float
) -> Iterator[Fold]:
    """The peer `bench/peers/<name>_fold.py`: so many CPU seconds a fold, on one thread.

    What is counted is its whole process with all children, reading and predicting included.
    """
    for _, test in splits:
        with tempfile.TemporaryDirectory() as folder:
            rows, out = Path(folder) / "rows.parquet", Path(folder) / "out.json"
            without_answers(table, test).to_parquet(rows)
            script = str(PEERS / f"{name}_fold.py")
            cost = cost_of(
                [python, "-W", "ignore", script, str(rows), f"{cpu_s:.0f}", str(out)],
                cwd=Path(folder),
            )
            told = json.loads(out.read_text())
        yield _fold(table, test, np.array(told["p"]), cost.cpu_s, f"{name} {told['version']}")


def without_answers(table: Table, test: NDArray[np.int64]) -> pd.DataFrame:
    """The rows with `y`, which is missing for those of the test fold."""
    y = table.y.astype(np.float64)
    y[test] = np.nan
    return table.X.assign(y=y)


def mean_auc(folds: Sequence[Fold]) -> float:
    """The mean of the folds' AUC."""
    return float(np.mean([fold.auc for fold in folds]))


def mean_loss(folds: Sequence[Fold]) -> float:
    """The mean of the folds' log loss."""
    return float(np.mean([fold.log_loss for fold in folds]))


def mean_cpu_s(folds: Sequence[Fold]) -> float:
    """The mean CPU seconds of a fold."""
    return float(np.mean([fold.cpu_s for fold in folds]))


def pooled_loss(folds: Sequence[Fold], y: NDArray[np.int64]) -> float:
    """The log loss of all rows together."""
    test = np.concatenate([fold.test for fold in folds])
    return float(log_loss(y[test], np.concatenate([fold.p for fold in folds])))


def _fold(
    table: Table, test: NDArray[np.int64], p: NDArray[np.float64], cpu_s: float, said: str
) -> Fold:
    y = table.y[test]
    fold = Fold(test, p, float(roc_auc_score(y, p)), float(log_loss(y, p)), cpu_s, said)
    print(
        f"  {said}: AUC {fold.auc:.4f}, log loss {fold.log_loss:.4f}, {cpu_s:.0f} CPU-s", flush=True
    )
    return fold


def as_frame(table: Table) -> tuple[LabelledFrame, tuple[FeatureInfo, ...]]:
    """Numbers as numbers, everything else as categories; nothing is made of them."""
    columns, infos = {}, []
    for name in table.X.columns:
        column = table.X[name]
        is_number = pd.api.types.is_numeric_dtype(column) and column.dtype != bool
        columns[name] = (
            column.to_numpy(dtype=np.float64, na_value=np.nan) if is_number else _texts(column)
        )
        kind = "number" if is_number else "category"
        infos.append(FeatureInfo(name, kind, "", name, "{v} ({usual})", name))
    who = np.arange(len(table.y)) if table.groups is None else table.groups
    cutoff = np.full(len(table.y), np.datetime64("NaT", "us"))
    features = FeatureFrame(who.astype(str).astype(object), cutoff, columns)
    return LabelledFrame(features, table.y == 1, np.zeros(len(table.y))), tuple(infos)


def _texts(column: pd.Series) -> NDArray[np.object_]:
    missing = column.isna().to_numpy()
    return np.where(missing, None, column.astype(str).to_numpy(dtype=object))


def _looked(rows: LabelledFrame, infos: tuple[FeatureInfo, ...]) -> PlainLooked:
    nobody = np.full(len(rows), None, dtype=object)
    known = np.ones(len(rows), dtype=np.bool_)
    return PlainLooked({}, rows.features, rows, known, rows.churned, infos, nobody, {}, {}, (), ())
