"""How good the churn model is on a public shop with events: CDNOW, by the product's own run.

`cip init --preset cdnow` and `cip run` on the master file, as anybody would: everything is learnt
and chosen before the test cutoff, and measured once on the 90 days after it.  Intervals are the
run's own, by customer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from bench.churn_folds import SHARED_DATA
from bench.figures import Figure

Direction = Literal["higher", "lower"]
MASTER = SHARED_DATA / "cdnow/cdnow_master.parquet"
SPLINES = "logistic regression with splines, both as they raced on the same rows"
METRICS: tuple[tuple[str, str, Direction], ...] = (
    ("cdnow_auc", "roc_auc", "higher"),
    ("cdnow_logloss", "log_loss", "lower"),
)


def cdnow_figures() -> list[Figure]:
    """AUC and log loss of the model that serves on the test cutoff, and splines alone there."""
    with tempfile.TemporaryDirectory() as folder:
        return figures_of(_churn_of_run(Path(folder) / "ws"))


def figures_of(churn: dict[str, Any]) -> list[Figure]:
    """The figures of the `churn` part of a run's summary.

    Both sides of a difference learned from the same rows of the race; what serves learned from all.
    """
    models = {model["name"]: model for model in churn["models"]}
    chosen, splines = models[churn["chosen"]], models["logistic_regression"]
    customers = churn["population"]["test_rows"]
    data = (
        f"cdnow master, cip run, {customers:,} customers of the test cutoff, "
        f"no purchase in the next 90 days, {chosen['label']} chosen"
    )
    made = []
    for name, metric, direction in METRICS:
        own = chosen["test"][metric]
        ends = (own["low"], own["high"])
        raced, theirs = (model["compared"][metric]["value"] for model in (chosen, splines))
        less, gain = f"{name}_minus_lr_spline", raced - theirs
        made += [
            Figure(name, own["value"], "", direction, data, interval=ends, tier="full"),
            Figure(less, gain, "", direction, data, peer=SPLINES, tier="full"),
        ]
    return made


def _churn_of_run(workspace: Path) -> dict[str, Any]:
    cip = [sys.executable, "-m", "cip"]
    _quietly(*cip, "init", str(workspace), "--preset", "cdnow", "--data", str(MASTER))
    _quietly(*cip, "run", "-w", str(workspace))
    (summary,) = (workspace / "published").glob("*/run.json")
    return json.loads(summary.read_text(encoding="utf-8"))["churn"]


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
