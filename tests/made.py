"""Settings, and what a run has looked at, of customers that stand in no file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from scipy.special import expit

from cip.contract.config import Config
from cip.flows.look import Looked
from cip.types import Calendar, FeatureFrame, FeatureInfo, LabelledFrame

START = datetime(2026, 1, 1, tzinfo=UTC)
HORIZON, GAP = 30, 7
QUIET = FeatureInfo("quiet", "number", "", "", "{v}", "quiet")
SPENT = FeatureInfo("spent", "number", "", "", "{v}", "spent")
_PAYMENTS = ("customer_id", "occurred_at", "amount", "transaction_id")


def config_of(attributes: Iterable[str] = (), **sections: Any) -> Config:
    """Settings of payments, and of customers with these attributes; other sections by name."""
    tables = {"transactions": {"source": "t", "columns": {name: name for name in _PAYMENTS}}}
    named = {name: name for name in attributes}
    if named:
        who = {"source": "c", "columns": {"customer_id": "id"}, "attributes": named}
        tables["customers"] = who
    return Config.model_validate(
        {
            "format": 1,
            "workspace": {"name": "test", "currency": "EUR"},
            "sources": {"t": {"path": "t.csv"}, "c": {"path": "c.csv"}},
            "tables": tables,
            "run": {"draws": 60},
            **sections,
        }
    )


def frame_of(day: int, rows: int, *, base: float = -2.0, slope: float = 0.08) -> LabelledFrame:
    """Customers so many days after `START`: the longer quiet, the more leave; money says nothing.

    The log-odds of leaving are `base` and `slope` for every quiet day.
    """
    rng = np.random.default_rng(day)
    quiet, spent = rng.gamma(2.0, 10.0, rows), rng.lognormal(3, 1, rows)
    features = FeatureFrame(
        np.array([f"k{i}" for i in range(rows)], dtype=object),
        np.full(rows, np.datetime64(START.replace(tzinfo=None) + timedelta(days=day), "us")),
        {"quiet": quiet, "spent": spent},
    )
    return LabelledFrame(features, rng.random(rows) < expit(base + slope * quiet), np.zeros(rows))


def planned_frame(rows: int, seed: int = 0) -> LabelledFrame:
    """Customers with a plan or none; who is long quiet or on the basic one leaves more often.

    Some have no money known, and `constant` is the same for all.
    """
    rng = np.random.default_rng(seed)
    quiet, spent = rng.gamma(2.0, 10.0, rows), rng.lognormal(3, 1, rows)
    plan = rng.choice(np.array(["basic", "plus", None], dtype=object), rows, p=[0.6, 0.3, 0.1])
    margin = -2 + 0.06 * quiet + 0.8 * (plan == "basic")
    spent[rng.random(rows) < 0.1] = np.nan
    features = FeatureFrame(
        np.array([f"k{i}" for i in range(rows)], dtype=object),
        np.full(rows, np.datetime64(START.replace(tzinfo=None), "us")),
        {"quiet": quiet, "spent": spent, "plan": plan, "constant": np.ones(rows)},
    )
    return LabelledFrame(features, rng.random(rows) < expit(margin), np.zeros(rows))


def calendar_of(*days: int) -> Calendar:
    """Training, validation, test and scoring so many days after `START`."""
    train, *others = (START + timedelta(days=day) for day in days)
    return Calendar((train,), *others, HORIZON, GAP, 90)


def looked_of(
    calendar: Calendar,
    rows: tuple[LabelledFrame, LabelledFrame, LabelledFrame],
    score: FeatureFrame,
    infos: Iterable[FeatureInfo] = (QUIET, SPENT),
    **more: Any,
) -> Looked:
    """A look at these `rows` of training, validation and test, and at who is to be scored.

    `more`: fields of `Looked` that are not as good as empty.
    """
    train, validation, test = rows
    empty = {
        "rows": {},
        "recency": "quiet",
        "names": np.full(len(score), None, dtype=object),
        "attributes": {},
        "purchases": None,
        "subscribers": None,
        "others": (),
        "sensitivity": (),
    }
    return Looked(
        first=calendar.train[0],
        calendar=calendar,
        train=train,
        validation=validation,
        test=test,
        score=score,
        infos=tuple(infos),
        **{**empty, **more},
    )
