"""Churn: how good the models are on public tables, what serving costs against peers.

Peers: a scikit-learn Pipeline and shap (PEERS_PYTHON), FLAML at equal CPU time (FLAML_PYTHON).
Quick: telco, medians of 3; FULL=1: three further tables, 10 x 10 folds, medians of 5.
"""

from __future__ import annotations

import os

from bench.figures import record


def main() -> None:
    """Measure in turn, print the figures."""
    from bench.churn_quality import quality_figures  # noqa: PLC0415 - after the threads are set
    from bench.churn_serving import serving_figures  # noqa: PLC0415

    record("churn", [*quality_figures(), *serving_figures()])


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for all sides alike
    main()
