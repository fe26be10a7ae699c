"""Everything that the product asks an engine, each as one table with keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

import ibis
import pyarrow as pa

from cip import columns as c
from cip.contract.config import LabelRule
from cip.contract.features import FeatureRule
from cip.engine.aggregates import rfm, sensitivity, totals
from cip.engine.cohorts import cohorts
from cip.engine.customers import customer_texts
from cip.engine.days import day_numbers, opening
from cip.engine.declared import declared
from cip.engine.durations import spell_durations
from cip.engine.eligibility import eligible
from cip.engine.events import read_events
from cip.engine.histories import consumed, histories, item_texts, ratings
from cip.engine.item_pairs import item_pairs
from cip.engine.labels import with_churned
from cip.engine.leaving import times_to_leave
from cip.engine.point_in_time import KEYS
from cip.engine.snapshot import labelled_frame
from cip.engine.subscriptions import running_spells
from cip.engine.treatments import arm_sums, treatment_outcomes
from cip.ports import EventStore
from cip.testing.engine_world import BUCKETS, CUTOFFS, DATA_END

HORIZON: Final = 60
ACTIVE: Final = 150
RULES: Final = (
    LabelRule(),
    LabelRule(kind="inactivity", active_kinds=("play", "rate")),
    LabelRule(kind="cancellation"),
    LabelRule(kind="given", column="country", left=("fr",)),
)
OWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "own_plays": {"table": "interactions", "of": "count", "kinds": ["play"], "window_days": 45},
    "own_days": {"table": "interactions", "of": "days"},
    "own_last": {"table": "transactions", "of": "days_since_last"},
    **{
        f"own_{of}": {"table": "interactions", "of": of, "column": "value", "window_days": 200}
        for of in ("sum", "mean", "max", "min")
    },
    "own_devices": {"table": "interactions", "of": "distinct", "column": "device"},
    "own_category": {"table": "interactions", "of": "share", "column": "category"},
    "own_ratio": {"ratio": ["own_plays", "interactions_all"]},
}
"""Features such as a user may define in `cip.toml`."""

_ROW: Final = "row"
_RULE: Final = "rule"


@dataclass(frozen=True, slots=True)
class Topic:
    """One question: `ask(engine, store, rows_per_pass)` answers it; `keys` tell its rows apart."""

    keys: tuple[str, ...]
    ask: Callable[[ibis.BaseBackend, EventStore, int], pa.Table]


def _cutoffs(store: EventStore) -> tuple[datetime, ...]:
    """The midnights of the business that open the days of `CUTOFFS`."""
    return tuple(opening(cutoff.date(), store.zone) for cutoff in CUTOFFS)


def _end(store: EventStore) -> datetime:
    return opening(DATA_END.date(), store.zone)


def _window(store: EventStore) -> dict[str, Any]:
    return {"horizon_days": HORIZON, "data_end": _end(store), "active_days": ACTIVE}


def _frame(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    frame, infos = labelled_frame(
        con,
        store,
        _cutoffs(store),
        **_window(store),
        rows_per_pass=rows,
        attributes=["country", "age"],
        extra=[declared(name, FeatureRule.model_validate(rule)) for name, rule in OWN.items()],
    )
    columns = {info.name: frame.features.columns[info.name] for info in infos}
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(frame.features.customer_id, pa.string()),
            c.CUTOFF: frame.features.cutoff,
            **{name: pa.array(values, from_pandas=True) for name, values in columns.items()},
            c.CHURNED: frame.churned,
            c.FUTURE_VALUE: frame.future_value,
        }
    )


def _labels(con: ibis.BaseBackend, store: EventStore, _: int) -> pa.Table:
    days = day_numbers(_cutoffs(store), store.zone)

    def of(rule: LabelRule) -> pa.Table:
        events = read_events(con, store, range(BUCKETS))
        pairs = eligible(events, rule, days, ACTIVE)
        return with_churned(pairs, events, rule, HORIZON).select(*KEYS, c.CHURNED).to_pyarrow()

    return _each_rule(of, RULES[1:])


def _rfm(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    horizon, last = (HORIZON, _end(store)), _cutoffs(store)[-1]
    return _columns(rfm(con, store, last, window_days=90, rows_per_pass=rows, horizon=horizon))


def _leaving(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    def of(rule: LabelRule) -> pa.Table:
        asked = {**_window(store), "rule": rule, "rows_per_pass": rows}
        return _columns(times_to_leave(con, store, _cutoffs(store)[0], **asked))

    return _each_rule(of, (RULES[0], RULES[2]))


def _rates(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    found = sensitivity(
        con,
        store,
        _cutoffs(store)[-1],
        [14, 28, 60],
        active_days=ACTIVE,
        data_end=_end(store),
        rows_per_pass=rows,
        rules=RULES[2:],
    )
    said = [{**asdict(rate), _RULE: rate.rule.kind} for rate in found]
    return pa.Table.from_pylist([{**row, "horizon_days": row["horizon_days"] or 0} for row in said])


def _cohorts(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    def of(rule: LabelRule) -> pa.Table:
        made = cohorts(con, store, _end(store), rule=rule, rows_per_pass=rows)
        months = len(made.start)
        return pa.table(
            {
                "start": made.start.repeat(months).astype("datetime64[s]"),
                "since": [since for _ in range(months) for since in range(months)],
                "active": pa.array(made.active.ravel()),
                "revenue": pa.array(made.revenue.ravel()),
            }
        )

    return _each_rule(of, RULES[2:3])


def _item_pairs(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    found = item_pairs(
        con,
        store,
        _cutoffs(store)[-1],
        kinds=["play", "rate"],
        window_days=90,
        min_customers=20,
        most_pairs=300,
        rows_per_pass=rows,
    )
    return _columns(found)


def _arms(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    def of(rule: LabelRule) -> pa.Table:
        found = arm_sums(con, store, **_window(store), rows_per_pass=rows, rule=rule)
        return pa.Table.from_pylist([asdict(arm) for arm in found])

    return _each_rule(of, (RULES[0], RULES[3]))


def _outcomes(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    asked = {**_window(store), "rule": RULES[2], "rows_per_pass": rows}
    return _columns(treatment_outcomes(con, store, **asked))


def _running(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    return _columns(running_spells(con, store, _cutoffs(store)[-1], rows_per_pass=rows))


def _durations(con: ibis.BaseBackend, store: EventStore, _: int) -> pa.Table:
    made = _columns(spell_durations(con, store, _cutoffs(store)[-1]))
    made = made.sort_by([("days", "ascending"), ("observed", "ascending")])
    return made.append_column(_ROW, pa.array(range(len(made))))


def _histories(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    return histories(con, store, _cutoffs(store)[-1], kinds=["play"], rows_per_pass=rows)


def _consumed(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    made = consumed(con, store, _cutoffs(store)[-1], 30, ["play", "rate"], rows_per_pass=rows)
    return made.append_column("taken", pa.array([True] * len(made)))


def _ratings(con: ibis.BaseBackend, store: EventStore, rows: int) -> pa.Table:
    return ratings(con, store, _cutoffs(store)[-1], rows_per_pass=rows)


def _texts(con: ibis.BaseBackend, store: EventStore, _: int) -> pa.Table:
    return pa.table(customer_texts(con, store, [c.NAME, "country"]))


def _items(con: ibis.BaseBackend, store: EventStore, _: int) -> pa.Table:
    return item_texts(con, store)


def _totals(con: ibis.BaseBackend, store: EventStore, _: int) -> pa.Table:
    return pa.Table.from_pylist([{_ROW: 0, **asdict(totals(con, store))}])


def _columns(found: Any) -> pa.Table:
    """A data class of arrays as a table; what is no array stands in every row."""
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    rows = max(len(value) for value in values.values() if hasattr(value, "__len__"))
    return pa.table(
        {
            name: pa.array(value, from_pandas=True) if hasattr(value, "__len__") else [value] * rows
            for name, value in values.items()
        }
    )


def _each_rule(of: Callable[[LabelRule], pa.Table], rules: tuple[LabelRule, ...]) -> pa.Table:
    parts = [of(rule) for rule in rules]
    marked = [
        part.append_column(_RULE, pa.array([rule.kind] * len(part)))
        for rule, part in zip(rules, parts, strict=True)
    ]
    return pa.concat_tables(marked, promote_options="permissive")


_WHO: Final = (c.CUSTOMER_ID,)
_MET: Final = (c.CUSTOMER_ID, c.ITEM_ID)

TOPICS: Final[Mapping[str, Topic]] = {
    "features, label and future value": Topic((c.CUTOFF, *_WHO), _frame),
    "labels under the other rules": Topic((_RULE, *KEYS), _labels),
    "recency, frequency and value": Topic(_WHO, _rfm),
    "times to leave": Topic((_RULE, *_WHO), _leaving),
    "churn rates by definition and horizon": Topic((_RULE, "horizon_days"), _rates),
    "cohort triangles": Topic((_RULE, "start", "since"), _cohorts),
    "item pairs": Topic(("first", "second"), _item_pairs),
    "sums per arm": Topic((_RULE, "arm"), _arms),
    "outcomes of treatments": Topic(_WHO, _outcomes),
    "running spells": Topic(_WHO, _running),
    "lengths of spells": Topic((_ROW,), _durations),
    "histories": Topic(_MET, _histories),
    "what was taken later": Topic(_MET, _consumed),
    "last ratings": Topic(_MET, _ratings),
    "customers' texts": Topic(_WHO, _texts),
    "items' texts": Topic((c.ITEM_ID,), _items),
    "totals": Topic((_ROW,), _totals),
}
"""What `EngineContract` compares."""
