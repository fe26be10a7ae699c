"""Snapshots: every eligible customer at every cutoff, as arrays for the models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from cip import columns as c
from cip.engine.days import as_instants, day_numbers
from cip.engine.events import Events, payments_by_day, read_events
from cip.engine.feature import Feature
from cip.engine.features import attribute_infos, available
from cip.engine.labels import check_horizon, with_labels
from cip.engine.passes import OnPass, plan_passes, run_passes
from cip.engine.point_in_time import CUTOFF_DAY, KEYS, eligible, with_features
from cip.ports import EventStore
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

Infos = tuple[FeatureInfo, ...]


def feature_frame(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoffs: Sequence[datetime],
    *,
    active_days: int,
    rows_per_pass: int,
    attributes: Sequence[str] = (),
    on_pass: OnPass | None = None,
) -> tuple[FeatureFrame, Infos]:
    """Features of all eligible customers at each cutoff, and what each feature is.

    Rows are sorted by (cutoff, customer_id).  A row of the data counts at a cutoff iff
    `occurred_at < cutoff` and `known_at < cutoff`.  Eligible is who had a purchase day in
    [cutoff - active_days, cutoff) that was known before the cutoff.  `attributes` are columns of
    the customers that were declared static.

    Raises: ContractError C-202 for a cutoff that is not 00:00 UTC, C-204 or C-101 for an attribute
    that cannot be used, NotReadyError C-206 without transactions.
    """
    made, infos = _snapshot(
        con, store, cutoffs, active_days, rows_per_pass, attributes, on_pass, horizon_days=None
    )
    return _as_features(made, infos), infos
