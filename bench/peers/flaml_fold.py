"""FLAML on one fold: learn from the rows whose `y` is known, say `p` of the others.

python flaml_fold.py TABLE.parquet CPU_SECONDS OUT.json

One thread, log loss, five inner folds; the time budget is one of CPU (cpu_clock.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cpu_clock

cpu_clock.install()

import flaml  # noqa: E402 - the clock comes first
import pandas as pd  # noqa: E402


def main(table: str, seconds: str, out: str) -> None:
    """Fit, predict, write."""
    data = pd.read_parquet(table)
    known, y = data["y"].notna(), data.pop("y")
    for name in data.columns:
        if not pd.api.types.is_numeric_dtype(data[name]):
            data[name] = data[name].astype("category")
    found = flaml.AutoML()
    found.fit(
        data[known], y[known].astype(int), task="classification", metric="log_loss", n_jobs=1,
        seed=0, time_budget=float(seconds), verbose=0, eval_method="cv", n_splits=5,
    )  # fmt: skip
    p = found.predict_proba(data[~known])[:, 1]
    Path(out).write_text(json.dumps({"version": flaml.__version__, "p": p.tolist()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
