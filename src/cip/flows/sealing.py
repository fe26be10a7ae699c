"""What a run promises when it is published: its scores under a seal, their sums, their date.

The seal is SHA-256 over the list in a form that anybody can make again (docs/decisions/0033).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import Any, Final

import numpy as np
import pyarrow as pa

from cip import columns as c
from cip.contract.config import Config, LabelRule
from cip.decisions.forecast import forecast_sum
from cip.flows.without_model import serves
from cip.stores.customers import HAS_LEFT
from cip.types import BoolArray, FloatArray

SEALED: Final = (c.P_CHURN, c.CLV_IF_RETAINED, c.EXPECTED_VALUE_LOSS)
"""The numbers under the seal, beside the customers' ids."""


def scores_seal(customers: pa.Table) -> str:
    """SHA-256 of who was given which numbers; the order of the rows does not matter.

    Of the rows sorted by the bytes of their id: the number of rows and the length of each id in
    bytes (64 bits, little end first), the ids as UTF-8, then column by column the `SEALED` numbers
    as float64, little end first, NaN and null as one NaN.
    """
    ids = [str(who).encode() for who in customers[c.CUSTOMER_ID].to_pylist()]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    digest = sha256(np.array([len(ids), *(len(ids[row]) for row in order)], "<i8").tobytes())
    digest.update(b"".join(ids[row] for row in order))
    for name in SEALED:
        values = numbers(customers, name)[order]
        digest.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return digest.hexdigest()


def forecast(customers: pa.Table, summary: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The content of a run's line, JSON-ready.  Whoever has left already is not forecast.

    `base_rate`: no model served, so that everybody had the same probability.
    """
    here = still_here(customers)
    p, worth = numbers(customers, c.P_CHURN)[here], numbers(customers, c.CLV_IF_RETAINED)[here]
    calendar, rule = summary["calendar"], config.churn.label
    return {
        "cutoff": calendar.get("score"),
        "horizon_days": calendar.get("horizon_days"),
        "active_days": calendar.get("active_days"),
        "label": rule.model_dump(mode="json"),
        "label_fingerprint": label_fingerprint(rule),
        "base_rate": not serves(summary),
        "customers": len(p),
        "leavers": forecast_sum(p, np.ones(len(p)), "customers").as_dict(),
        "loss": forecast_sum(p, worth, config.workspace.currency).as_dict(),
        "scores_sha256": scores_seal(customers),
    }


def label_fingerprint(rule: LabelRule) -> str:
    """SHA-256 of the rule: who counts as a leaver."""
    return sha256(dumps(rule.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def still_here(customers: pa.Table) -> BoolArray:
    """(n,) who has not left by the label of a table without time; everybody else."""
    if HAS_LEFT not in customers.column_names:
        return np.ones(len(customers), dtype=np.bool_)
    return ~np.asarray(
        customers[HAS_LEFT].fill_null(pa.scalar(value=False)).to_numpy(), dtype=np.bool_
    )


def numbers(customers: pa.Table, name: str) -> FloatArray:
    """(n,) float64, NaN for null."""
    return np.asarray(customers[name].cast(pa.float64()).to_numpy(), dtype=np.float64)
