"""How the serving model did at its test date: its curves, and every threshold one might choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.access.roles import require
from cip.flows.results import Results
from cip.models.shares import share
from cip.stores.customer_list import Totals
from cip.stores.customers import HAS_LEFT
from cip.types import BoolArray, Estimate, FloatArray, Principal


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What the model said at the test date and what then happened, each (n,).

    `value`: what each was worth on that date if retained; None where the run did not keep it.
    """

    p_churn: FloatArray
    churned: BoolArray
    value: FloatArray | None = None

    __test__ = False  # not a test, whatever pytest thinks of its name


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What flagging everybody from `threshold` up would have caught at the test date.

    `caught` left and were flagged, `missed` left and were not, `false_alarms` stayed and were
    flagged, `left_in_peace` stayed and were not.  `recall` and `precision` with 95 % intervals.
    """

    threshold: float
    caught: int
    missed: int
    false_alarms: int
    left_in_peace: int
    recall: Estimate
    precision: Estimate

    @property
    def flagged(self) -> int:
        """How many would have been flagged."""
        return self.caught + self.false_alarms


@dataclass(frozen=True, slots=True)
class Curves:
    """Columns of the published curves by name; empty where the run has none."""

    roc: Mapping[str, NDArray[Any]]
    precision_recall: Mapping[str, NDArray[Any]]
    calibration: Mapping[str, NDArray[Any]]


def read_curves(results: Results, *, actor: Principal) -> Curves:
    """ROC, precision-recall and calibration of the serving model, at the test date."""
    require(actor, "read")
    tables = results.tables
    return Curves(
        tables.columns("curve_roc"),
        tables.columns("curve_precision_recall"),
        tables.columns("curve_calibration"),
    )


def read_outcome(results: Results, *, actor: Principal) -> TestOutcome | None:
    """The test date's predictions, or None where the run did not keep them."""
    require(actor, "read")
    found = results.tables.columns("test_predictions")
    if not found or not len(found[c.P_CHURN]):
        return None
    value = found.get(c.CLV_IF_RETAINED)
    return TestOutcome(
        np.asarray(found[c.P_CHURN], dtype=np.float64),
        np.asarray(found[c.CHURNED], dtype=bool),
        None if value is None else np.ma.filled(np.ma.asarray(value, np.float64), np.nan),
    )


def at_threshold(outcome: TestOutcome, threshold: float) -> OperatingPoint:
    """The four counts at one threshold; who has just that probability is flagged."""
    flagged = outcome.p_churn >= threshold
    caught = int((flagged & outcome.churned).sum())
    missed = int(outcome.churned.sum()) - caught
    false_alarms = int(flagged.sum()) - caught
    return OperatingPoint(
        threshold=threshold,
        caught=caught,
        missed=missed,
        false_alarms=false_alarms,
        left_in_peace=len(flagged) - caught - missed - false_alarms,
        recall=share(caught, caught + missed, "nobody left"),
        precision=share(caught, caught + false_alarms, "nobody is flagged at this threshold"),
    )


def flagged_today(results: Results, threshold: float, *, actor: Principal) -> Totals:
    """How many of the customers scored now are at `threshold` or above, and what is at stake.

    Who has left by the label is not counted.
    """
    require(actor, "read")
    return results.customers.totals({"p_churn_from": threshold, HAS_LEFT: False})
