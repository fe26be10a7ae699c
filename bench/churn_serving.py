"""What serving costs: one customer, a million of them, and why.

The peer of one customer is a scikit-learn Pipeline (one-hot encoding and LightGBM with our
settings, on the same rows), called on a frame that is ready; nothing is compared unless both say
the same.  The peer of the reasons is shap.TreeExplainer on our own booster, in the interpreter that
PEERS_PYTHON names, or else installed into a folder of its own; each side explains as a run must,
from a model that was just read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from bench.figures import FULL, Figure
from cip.flows.actors import local_owner
from cip.flows.model_folder import MODEL, SCHEMA_HASH, SERVING, schema_hash, serving_manifest
from cip.flows.scorer import Scorer, open_scorer
from cip.models.churn.candidates import LightGBMConfig
from cip.models.churn.mix import Mix
from cip.models.churn.model import ChurnModel, fit_churn, from_artefacts, mixed
from cip.models.churn.trees import LIGHTGBM_FILE, rarer
from cip.settings import Workspace
from cip.stores.published import seal_run, stage_run, write_summary
from cip.stores.records import open_records
from cip.stores.registry import write_artefacts
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

ROUNDS = 5 if FULL else 3
TRAIN_ROWS, ONE_BY_ONE, MANY = 100_000, 1_000, 1_000_000
EXPLAINED, MORE = 1_000, 10_000
NUMBERS, CATEGORIES, SEED = 40, 4, 7
KIND = f"synthetic customers, {NUMBERS} numbers, {CATEGORIES} categories"
DATA = f"{KIND}, LightGBM 200 x 31 leaves"
PIPELINE = "scikit-learn Pipeline (ColumnTransformer, the same LightGBM), one-row DataFrame"
SHAP = "shap.TreeExplainer on the same booster"
_SCORE = """
import sys, time
from cip.faces.cli.main import app
app(sys.argv[1:], standalone_mode=False)
print(time.process_time())
# not ru_maxrss: a child begins with that of its parent, which holds a million rows
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
_EXPLAIN = """
import sys, time
import lightgbm, numpy, shap
text, rows, out = sys.argv[1:]
booster, X = lightgbm.Booster(model_file=text), numpy.load(rows)
shap.TreeExplainer(booster).shap_values(X[:10])
begun = time.process_time()
found = shap.TreeExplainer(booster).shap_values(X)
print(time.process_time() - begun)
numpy.save(out, found[1] if isinstance(found, list) else found)
"""


def serving_figures() -> list[Figure]:
    """All of them; the model is fitted once."""
    with tempfile.TemporaryDirectory() as folder:
        train = drawn(TRAIN_ROWS, SEED)
        workspace, scorer = _published(Path(folder), train)
        return [
            *_one(scorer, train),
            *_many(Path(folder), workspace),
            *_reasons(Path(folder), scorer),
        ]


def drawn(rows: int, seed: int) -> LabelledFrame:
    """Customers whose leaving depends on three numbers and a category; a tenth is missing."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        f"category_{k}": rng.choice(np.array(list("abcdef"), dtype=object), rows)
        for k in range(CATEGORIES)
    }
    for k in range(NUMBERS):
        columns[f"number_{k}"] = np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 10, rows))
    x, y, z = (np.nan_to_num(columns[f"number_{k}"], nan=20.0) for k in range(3))
    score = 0.05 * (x - 20) + 0.002 * (y - 20) * (z - 20) + (columns["category_0"] == "a")
    frame = FeatureFrame(
        np.array([f"c{k}" for k in range(rows)], dtype=object),
        np.zeros(rows, "datetime64[us]"),
        columns,
    )
    churned = rng.random(rows) < 1 / (1 + np.exp(1.4 - score))
    return LabelledFrame(frame, churned, np.zeros(rows))


def infos_of(frame: FeatureFrame) -> list[FeatureInfo]:
    """What the columns are; each is a fact of its own."""
    return [
        FeatureInfo(name, "category" if name.startswith("c") else "number", "", name, "{v}", name)
        for name in frame.columns
    ]


def as_table(frame: FeatureFrame) -> pa.Table:
    """The features as Arrow, NaN as null."""
    return pa.table(
        {name: pa.array(values, from_pandas=True) for name, values in frame.columns.items()}
    )


def _published(folder: Path, train: LabelledFrame) -> tuple[Workspace, Scorer]:
    """A workspace whose current run holds nothing but the model."""
    infos = infos_of(train.features)
    model = fit_churn("lightgbm", train, infos, seed=SEED, threads=2)
    workspace, owner = Workspace(folder), local_owner()
    with open_records(workspace.records_url) as records:
        run_id = records.start_run(
            owner, data_versions={}, config_fingerprint="", code_version="", seed=SEED
        )
        staging = stage_run(workspace.published, run_id)
        write_summary(staging, {"format": 1, "run_id": run_id})
        said = {
            "name": model.name,
            "run_id": run_id,
            SCHEMA_HASH: schema_hash(model.encoder),
            SERVING: serving_manifest(model, train.features, infos, (0.3, 0.6)),
        }
        write_artefacts(staging / MODEL, model.artefacts(), said)
        published = seal_run(staging, workspace.published, run_id)
        records.finish_run(run_id, seconds=0.0, summary={})
        records.publish(run_id, owner)
    workspace.config_path.touch()
    return workspace, open_scorer(published)


def _one(scorer: Scorer, train: LabelledFrame) -> list[Figure]:
    rows = as_table(drawn(ONE_BY_ONE, SEED + 1).features).to_pylist()
    pipeline = _pipeline(train)
    frames = [pd.DataFrame([row])[list(train.features.columns)] for row in rows[:100]]
    frames = [frame.astype(_kinds(frame)) for frame in frames]
    theirs_p = [pipeline.predict_proba(frame)[0, 1] for frame in frames]
    apart = max(
        abs(scorer.predict_one(row).p_churn - p) for row, p in zip(rows, theirs_p, strict=False)
    )
    print(f"one customer: our probability and the Pipeline's differ by at most {apart:.1e}")
    if apart > 1e-9:
        raise SystemExit("the Pipeline is another model, so nothing can be compared")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(median(_costs(scorer.predict_one, rows)))
        theirs.append(median(_costs(pipeline.predict_proba, frames)))
    print(f"one customer: {1e6 * median(ours):.0f} us, Pipeline {1e6 * median(theirs):.0f} us")
    others = _others(scorer, train)
    return [
        Figure(
            "score_one_vs_pipeline",
            median(theirs) / median(ours),
            "x",
            "higher",
            f"{DATA}, CPU, against {PIPELINE}",
            100.0,
        ),
        Figure("score_one_us", 1e6 * median(ours), "us", "lower", f"{DATA}, CPU"),
        _p95("score_one_shap_p95_ms", scorer.model.explain_one, rows, DATA, 1.0),
        *(
            _p95(f"score_one_shap_p95_ms_{name}", model.explain_one, rows, f"{KIND}, {name}")
            for name, model in others.items()
        ),
        _p95("score_one_reasons_p95_ms", scorer.explain_one, rows, f"{DATA}, with sentences"),
    ]


def _p95(
    figure: str,
    call: Callable[[Any], object],
    rows: list[Any],
    data: str,
    goal: float | None = None,
) -> Figure:
    """From a dict to probability and SHAP values; the first call, which makes tables, is apart."""
    call(rows[0])
    costs = [cost for _ in range(ROUNDS) for cost in _costs(call, rows)]
    found = 1e3 * float(np.quantile(costs, 0.95))
    return Figure(figure, found, "ms", "lower", f"{data}, CPU", goal)


def _others(scorer: Scorer, train: LabelledFrame) -> dict[str, ChurnModel]:
    """The other kinds of model that may serve, on the same rows."""
    names = ("logistic_regression", "xgboost")
    models = {
        name: fit_churn(name, train, infos_of(train.features), seed=SEED, threads=1)
        for name in names
    }
    three = {**models, "lightgbm": scorer.model}
    return {**models, "blend": mixed("blend", Mix(dict.fromkeys(three, 1 / 3)), three)}


def _pipeline(train: LabelledFrame) -> Pipeline:
    config = LightGBMConfig.for_rarer(rarer(train.churned))
    frame = pd.DataFrame(dict(train.features.columns))
    names = [name for name in frame if name.startswith("c")]
    encoder = ColumnTransformer(
        [("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), names)],
        remainder="passthrough",
    )
    model = LGBMClassifier(
        n_estimators=config.trees,
        learning_rate=config.learning_rate,
        num_leaves=config.leaves,
        min_child_samples=config.child_rows,
        reg_lambda=config.l2,
        colsample_bytree=config.columns,
        subsample=config.rows,
        subsample_freq=1,
        seed=SEED,
        deterministic=True,
        force_col_wise=True,
        verbosity=-1,
        n_jobs=1,
    )
    # an array between the two, as our model has: else LightGBM asks for names at each call
    encoder.set_output(transform="default")
    return Pipeline([("encode", encoder), ("model", model)]).fit(frame, train.churned)


def _kinds(frame: pd.DataFrame) -> dict[str, str]:
    return {name: "object" if name.startswith("c") else "float64" for name in frame}


def _costs(call: Callable[[Any], object], rows: list[Any]) -> list[float]:
    """CPU seconds of each call."""
    found = []
    for row in rows:
        begun = time.thread_time_ns()
        call(row)
        found.append((time.thread_time_ns() - begun) / 1e9)
    return found


def _many(folder: Path, workspace: Workspace) -> list[Figure]:
    """`cip score` on a file, as a whole process; what a file of few rows takes is the model's."""
    data = f"{DATA}, `cip score` Parquet to Parquet"
    why = _scored(folder, workspace, MORE, "--reasons")[0] - _scored(folder, workspace, MORE)[0]
    costs = [_scored(folder, workspace, MANY) for _ in range(ROUNDS)]
    few = _scored(folder, workspace, 1_000)
    rate = MANY / median(cpu - few[0] for cpu, _ in costs)
    above = median(peak for _, peak in costs) - few[1]
    print(f"a file: {few[1]:,.0f} MiB for 1,000 rows, {above:,.0f} more for {MANY:,}")
    return [
        Figure("batch_1m_rows_per_s", rate, "rows/CPU-s", "higher", data),
        Figure("batch_1m_peak_above_mib", above, "MiB", "lower", data, 400.0),
        Figure("batch_reasons_us", 1e6 * why / MORE, "us", "lower", f"{data}, --reasons, a row"),
    ]


def _scored(folder: Path, workspace: Workspace, rows: int, *how: str) -> tuple[float, float]:
    """CPU seconds and peak MiB of the process."""
    given, out = folder / f"{rows}.parquet", folder / "scored.parquet"
    if not given.is_file():
        pq.write_table(as_table(drawn(rows, SEED + 2).features), given, row_group_size=50_000)
    score = ["score", str(given), "-o", str(out), "-w", str(workspace.root), *how]
    cpu, peak = run(sys.executable, "-c", _SCORE, *score).splitlines()[-2:]
    if pq.read_metadata(out).num_rows != rows:
        raise SystemExit("rows were lost")
    return float(cpu), float(peak) / 1024


def _reasons(folder: Path, scorer: Scorer) -> list[Figure]:
    python = _peer(folder)
    if python is None:
        return []
    said = f"{DATA}, {{:,}} customers, CPU, against {SHAP}"
    ratios = [_against_shap(folder, scorer, python, rows) for rows in (EXPLAINED, MORE)]
    names = ("reasons_vs_shap_treeexplainer", "reasons_10k_vs_shap_treeexplainer")
    return [
        Figure(name, ratio, "x", "higher", said.format(rows), 1.0)
        for name, ratio, rows in zip(names, ratios, (EXPLAINED, MORE), strict=True)
    ]


def _against_shap(folder: Path, scorer: Scorer, python: str, rows: int) -> float:
    """The peer's CPU seconds over ours; both models were just read, and say the same."""
    frame, files = drawn(rows, SEED + 3).features, scorer.model.artefacts()
    text, matrix, found = (folder / name for name in ("model.txt", "rows.npy", "found.npy"))
    text.write_bytes(files[LIGHTGBM_FILE])
    np.save(matrix, scorer.model.encoder.transform(frame.columns))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        model = from_artefacts(scorer.model.name, files)
        begun = time.process_time()
        model.contributions(frame)
        ours.append(time.process_time() - begun)
        said = run(python, "-c", _EXPLAIN, str(text), str(matrix), str(found))
        theirs.append(float(said.splitlines()[-1]))
    _, reasons = scorer.model.contributions(frame)
    apart = np.abs(scorer.model.encoder.per_feature(np.load(found)) - reasons).max()
    rates = [f"{rows / median(seconds):,.0f}" for seconds in (ours, theirs)]
    print(f"reasons of {rows:,}: {rates[0]} rows/CPU-s, shap {rates[1]}; apart {apart:.1e}")
    if apart > 1e-9:
        raise SystemExit("shap explains another model, so nothing can be compared")
    return median(theirs) / median(ours)


def _peer(folder: Path) -> str | None:
    """An interpreter that has shap."""
    given = os.environ.get("PEERS_PYTHON")
    python = given or str(folder / "peers/bin/python")
    try:
        if given is None:
            run(sys.executable, "-m", "venv", str(folder / "peers"))
            run(python, "-m", "pip", "install", "-q", "shap", "lightgbm")
        run(python, "-c", "import shap, lightgbm")
    except subprocess.CalledProcessError as error:
        print(f"shap cannot be installed here, so nothing is compared with it: {error.stderr}")
        return None
    return python


def run(*command: str) -> str:
    """What the command printed; CalledProcessError where it fails."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
