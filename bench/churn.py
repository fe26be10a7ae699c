"""Churn: how good the models are on public tables, what serving costs against peers.

Quick: telco beside FLAML at equal CPU, serving, training.  FULL=1: 10 x 10 folds against
splines, three further public sets, AutoGluon at 600 CPU-s a fold (an hour of CPU), more rounds.
`python -m bench.churn telco splines` measures these parts alone.  Peers have environments of their
own (`referees.py`, PEERS_PYTHON).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from bench.figures import FULL, Figure, record

OF_ITS_OWN = ("serving", "training")
QUICK = ("telco", *OF_ITS_OWN)


def main(wanted: list[str]) -> None:
    """Measure in turn; each part is printed and recorded as it ends."""
    from bench import churn_quality  # noqa: PLC0415 - after the threads are set
    from bench.churn_events import cdnow_figures  # noqa: PLC0415
    from bench.churn_folds import SHARED_DATA  # noqa: PLC0415
    from bench.churn_serving import serving_figures  # noqa: PLC0415
    from bench.churn_training import training_figures  # noqa: PLC0415

    parts: dict[str, Callable[[], list[Figure]]] = {
        "telco": churn_quality.telco_figures,
        "serving": serving_figures,
        "training": training_figures,
        "splines": churn_quality.spline_figures,
        "oulad": lambda: churn_quality.further_figures("oulad"),
        "hillstrom": lambda: churn_quality.further_figures("hillstrom"),
        "cdnow": cdnow_figures,
        "autogluon": churn_quality.autogluon_figures,
    }
    for name in wanted or (parts if FULL else QUICK):
        if name not in OF_ITS_OWN and not SHARED_DATA.is_dir():
            print(f"no ../shared/data: {name} is not measured")
        else:
            record("churn", parts[name]())


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for all sides alike
    main(sys.argv[1:])
