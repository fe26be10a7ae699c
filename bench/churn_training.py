"""What training costs: all that a run does to get its model, on 100,000 and on a million rows.

That is `model_churn` with the default settings: the candidates race, one is chosen and calibrated,
the chosen one and the baselines learn again from all rows, all are measured with intervals.  Each
size is a process of its own.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log10
from pathlib import Path
from statistics import median

import numpy as np

from bench.churn_serving import CATEGORIES, NUMBERS, SEED, drawn, infos_of, run
from bench.figures import FULL, Figure
from cip.contract.config import Config
from cip.flows.churn import model_churn
from cip.flows.look import Looked
from cip.types import Calendar

ROUNDS = 3 if FULL else 1
FEW, MANY = 100_000, 1_000_000
DATA = f"synthetic customers, {NUMBERS} numbers, {CATEGORIES} categories; race, choice, all again"
START = datetime(2026, 1, 1, tzinfo=UTC)


def training_figures() -> list[Figure]:
    """CPU seconds at a million rows, and the power of the rows by which they grow."""
    few, many = [], []
    for _ in range(ROUNDS):
        few.append(_measured(FEW))
        many.append(_measured(MANY))
    seconds = [median(cpu for cpu, _ in sizes) for sizes in (few, many)]
    print(f"training: {seconds[0]:.1f} s for {FEW:,} rows, {seconds[1]:.1f} s for {MANY:,}")
    return [
        Figure("train_1m_s", seconds[1], "CPU-s", "lower", DATA),
        Figure("train_1m_peak_mib", median(peak for _, peak in many), "MiB", "lower", DATA),
        Figure(
            "train_exponent_100k_1m",
            log10(seconds[1] / seconds[0]),
            "power",
            "lower",
            f"{DATA}, CPU",
            1.1,
        ),
    ]


def looked(rows: int) -> Looked:
    """`rows` to learn from, a tenth of them to choose by, and as many again to measure on."""
    whole = drawn(rows + rows // 10, SEED)
    cuts = [0, rows - rows // 10, rows, rows + rows // 10]
    train, validation, test = (whole.take(np.arange(*ends)) for ends in pairwise(cuts))
    learn, choose, measure, serve = (START + timedelta(days=k) for k in (0, 40, 80, 120))
    return Looked(
        first=learn,
        calendar=Calendar((learn,), choose, measure, serve, 30, 7, 90),
        rows={},
        train=train,
        validation=validation,
        test=test,
        score=test.features,
        infos=tuple(infos_of(train.features)),
        recency="number_0",
        names=np.full(len(test), None, dtype=object),
        attributes={},
        purchases=None,
        subscribers=None,
        others=(),
        sensitivity=(),
    )


def _measured(rows: int) -> tuple[float, float]:
    """CPU seconds, and peak MiB of the process with its rows."""
    cpu, peak = run(sys.executable, "-m", "bench.churn_training", str(rows)).splitlines()[-2:]
    return float(cpu), float(peak) / 1024


def _train(rows: int) -> None:
    seen = looked(rows)
    columns = ("customer_id", "occurred_at", "amount", "transaction_id")
    table = {"source": "t", "columns": {name: name for name in columns}}
    config = Config.model_validate(
        {
            "format": 1,
            "workspace": {"name": "bench", "currency": "EUR"},
            "sources": {"t": {"path": "t.csv"}},
            "tables": {"transactions": table},
        }
    )
    begun = time.process_time()
    churn = model_churn(seen, config)
    print(f"{churn.chosen}, {churn.raced_rows:,} rows raced")
    print(time.process_time() - begun)
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))


if __name__ == "__main__":
    _train(int(sys.argv[1]))
