"""AutoGluon on one fold: learn from the rows whose `y` is known, say `p` of the others.

python autogluon_fold.py TABLE.parquet CPU_SECONDS OUT.json

Its preset for the best quality without a GPU (bagging and stacking of boosted trees, forests and
networks), told to look at the AUC, on one thread; the time limit is one of CPU (cpu_clock.py).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import cpu_clock

cpu_clock.install()

import pandas as pd  # noqa: E402 - the clock comes first
import torch  # noqa: E402
from autogluon.tabular import TabularPredictor, __version__  # noqa: E402


def main(table: str, seconds: str, out: str) -> None:
    """Fit, predict, write."""
    torch.set_num_threads(1)
    data = pd.read_parquet(table)
    known = data["y"].notna()
    train = data[known].astype({"y": int})
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor("y", eval_metric="roc_auc", path=folder, verbosity=2).fit(
            train,
            presets="best_quality",
            time_limit=float(seconds),
            num_cpus=1,
            num_gpus=0,
            ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
        )
        p = predictor.predict_proba(data[~known].drop(columns="y"))[1]
    Path(out).write_text(json.dumps({"version": __version__, "p": p.tolist()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
