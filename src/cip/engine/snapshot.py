"""Snapshots: every eligible customer at every cutoff, as arrays for the models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers, texts
from cip.engine.at_hand import at_hand
from cip.engine.attributes import beside
from cip.engine.daily import payments_known_today
from cip.engine.daily_at_hand import names_read, unread_tables
from cip.engine.daily_parts import Part, stored_daily, stored_kinds
from cip.engine.days import as_instants, day_number, day_numbers
from cip.engine.eligibility import PURCHASE, READS, eligible
from cip.engine.events import Events, kinds_of, read_events
from cip.engine.feature import Feature
from cip.engine.features import attribute_infos, available, customers_with
from cip.engine.labels import check_horizon, with_churned, with_future_value
from cip.engine.passes import OnPass, plan_passes, run_passes
from cip.engine.point_in_time import CUTOFF_DAY, KEYS, by_stage, with_features
from cip.engine.user_features import check_extra, check_names
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
    rule: LabelRule = PURCHASE,
    attributes: Sequence[str] = (),
    extra: Sequence[Feature] = (),
    on_pass: OnPass | None = None,
    daily: Sequence[Part] = (),
) -> tuple[FeatureFrame, Infos]:
    """Features of all eligible customers at each cutoff, and what each feature is.

    Rows are sorted by (cutoff, customer_id).  A row of the data counts at a cutoff iff
    `occurred_at < cutoff` and `known_at < cutoff`.  `rule` says who is eligible, see `eligible`;
    `active_days` speaks to the rules `purchase` and `inactivity`.  `attributes` are columns of
    the customers that were declared static; the column of a given label is never among them.
    `extra` are features that people defined, beside those of the catalogue.  `daily` are tables by
    day that were stored, see `bring_up_to_date`: the answer is the same with them and without.

    Raises: ContractError C-202 for a cutoff that is no midnight, C-204 or C-101 for an attribute
    that cannot be used, C-220 to C-222 for such a feature; NotReadyError C-206 without the table
    that the rule reads.
    """
    usable = _usable(attributes, rule)
    days = day_numbers(cutoffs, store.zone)
    question = _Question(days, active_days, rule, daily, usable, tuple(extra))
    rows, infos = _answer(con, store, question, rows_per_pass, on_pass)
    return _features(rows, infos), infos


def labelled_frame(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoffs: Sequence[datetime],
    *,
    horizon_days: int,
    data_end: datetime,
    active_days: int,
    rows_per_pass: int,
    rule: LabelRule = PURCHASE,
    attributes: Sequence[str] = (),
    extra: Sequence[Feature] = (),
    on_pass: OnPass | None = None,
    daily: Sequence[Part] = (),
) -> tuple[LabelledFrame, Infos]:
    """The same with what happened in [cutoff, cutoff + horizon), from everything known today.

    A given label has no date, so its horizon may run past `data_end`; customers of whom it says
    nothing are left out.

    Raises: as `feature_frame`, and ContractError C-205 when a horizon runs past `data_end`, C-101
    when the customers lack the column of a given label.
    """
    if rule.kind != "given":
        check_horizon(cutoffs, horizon_days, data_end)
    usable = _usable(attributes, rule)
    cutoff_days = day_numbers(cutoffs, store.zone)
    question = _Question(cutoff_days, active_days, rule, daily, usable, tuple(extra), horizon_days)
    rows, infos = _answer(con, store, question, rows_per_pass, on_pass)
    return _labelled(rows, infos), infos


def labelled_and_score(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoffs: Sequence[datetime],
    score: datetime,
    *,
    horizon_days: int,
    data_end: datetime,
    active_days: int,
    rows_per_pass: int,
    rule: LabelRule = PURCHASE,
    attributes: Sequence[str] = (),
    extra: Sequence[Feature] = (),
    on_pass: OnPass | None = None,
    daily: Sequence[Part] = (),
) -> tuple[LabelledFrame, FeatureFrame, Infos]:
    """`labelled_frame` at the cutoffs and `feature_frame` at `score`, from one look at the data.

    For a rule with a time.  Raises: as these do.
    """
    check_horizon(cutoffs, horizon_days, data_end)
    days = day_numbers([*cutoffs, score], store.zone)
    question = _Question(
        days, active_days, rule, daily, tuple(attributes), tuple(extra), horizon_days
    )
    rows, infos = _answer(con, store, question, rows_per_pass, on_pass)
    to_score = pc.equal(rows[CUTOFF_DAY], day_number(score, store.zone))
    known = rows.filter(pc.invert(to_score))
    return _labelled(known, infos), _features(rows.filter(to_score), infos), infos


def snapshot_tables(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoffs: Sequence[datetime],
    features: Sequence[Feature],
    *,
    active_days: int,
    rows_per_pass: int,
    rule: LabelRule = PURCHASE,
    horizon_days: int | None = None,
    on_pass: OnPass | None = None,
    daily: Sequence[Part] = (),
) -> Iterator[pa.Table]:
    """The same as tables, one a pass, with these features alone: for more than memory holds.

    `customer_id`, `cutoff_day` (days since 1970-01-01), a column a feature and, with a horizon, the
    labels; in no order.  Nobody checks here that the horizon lies before the data's end.

    Raises: ContractError C-202, NotReadyError C-206 as `feature_frame`.
    """
    days = day_numbers(cutoffs, store.zone)
    question = _Question(days, active_days, rule, daily, horizon_days=horizon_days)
    passes = plan_passes(con, store, rows_per_pass, READS[rule.kind])
    yield from run_passes(passes, _pass(con, store, question, features, ()), on_pass)


@dataclass(frozen=True, slots=True)
class _Question:
    cutoff_days: list[int]
    active_days: int
    rule: LabelRule
    daily: Sequence[Part]
    attributes: tuple[str, ...] = ()
    extra: tuple[Feature, ...] = ()
    horizon_days: int | None = None


def _usable(attributes: Sequence[str], rule: LabelRule) -> tuple[str, ...]:
    """Those that are not the answer."""
    answer = rule.column if rule.kind == "given" else None
    return tuple(name for name in attributes if name != answer)


def _answer(
    con: ibis.BaseBackend,
    store: EventStore,
    question: _Question,
    rows_per_pass: int,
    on_pass: OnPass | None,
) -> tuple[pa.Table, Infos]:
    """All passes together, sorted; every pass gives the features of the whole store."""
    passes = plan_passes(con, store, rows_per_pass, READS[question.rule.kind])
    kinds = _kinds(con, store, question.daily)
    whole = read_events(con, store, [bucket for group in passes for bucket in group], kinds)
    features = available(whole)
    static = attribute_infos(whole.customers, question.attributes)
    if question.rule.kind == "given":
        customers_with(whole.customers, question.rule.column, "the given label")
    if question.extra:
        check_names(question.extra, [info.name for info in static])
        check_extra(question.extra, whole, _pairs(whole, question), features)
    compute = _pass(con, store, question, features, static)
    made = pa.concat_tables(run_passes(passes, compute, on_pass))
    infos = (*(feature.info for feature in (*features, *question.extra)), *static)
    return made.sort_by([(CUTOFF_DAY, "ascending"), (c.CUSTOMER_ID, "ascending")]), infos


def _pass(
    con: ibis.BaseBackend,
    store: EventStore,
    question: _Question,
    features: Sequence[Feature],
    static: Infos,
) -> Callable[[Sequence[int]], pa.Table]:
    """What computes the snapshot of some buckets, from tables by day as far as these are stored."""
    kinds = _kinds(con, store, question.daily)
    stages = by_stage((*features, *question.extra))
    labelled = question.horizon_days is not None
    names = names_read(stages, question.rule, labelled=labelled)

    def compute(buckets: Sequence[int]) -> pa.Table:
        read = read_events(con, store, buckets, kinds)
        near = replace(read, daily=stored_daily(con, store, question.daily, buckets, names))
        with at_hand(con, near, unread_tables(near, names, stages)) as events:
            return _snapshot(events, question, features, static).to_pyarrow()

    return compute


def _kinds(con: ibis.BaseBackend, store: EventStore, daily: Sequence[Part]) -> frozenset[str]:
    stored = stored_kinds(store, daily)
    return kinds_of(con, store) if stored is None else stored


def _snapshot(
    events: Events, question: _Question, features: Sequence[Feature], static: Infos
) -> Table:
    pairs = events.keep(_pairs(events, question))
    rows = with_features(events, pairs, features, question.extra)
    if static and events.customers is not None:
        rows = _with_attributes(rows, events.customers, static)
    if question.horizon_days is None:
        return rows
    # labelled apart, because asking rows with features for their keys computes the features again
    churned = with_churned(pairs, events, question.rule, question.horizon_days)
    labels = with_future_value(churned, payments_known_today(events), question.horizon_days)
    return rows.join(labels, KEYS)


def _pairs(events: Events, question: _Question) -> Table:
    return eligible(events, question.rule, question.cutoff_days, question.active_days)


def _with_attributes(rows: Table, customers: Table, static: Infos) -> Table:
    kinds = {"number": "float64", "category": "string"}
    columns = {beside(info.name): customers[info.name].cast(kinds[info.kind]) for info in static}
    wanted = customers.select(c.CUSTOMER_ID, **columns)
    return rows.left_join(wanted, c.CUSTOMER_ID).drop(f"{c.CUSTOMER_ID}_right")


def _labelled(rows: pa.Table, infos: Infos) -> LabelledFrame:
    churned = np.asarray(numbers(rows, c.CHURNED) == 1, dtype=np.bool_)
    return LabelledFrame(_features(rows, infos), churned, numbers(rows, c.FUTURE_VALUE))


def _features(rows: pa.Table, infos: Infos) -> FeatureFrame:
    days = rows[CUTOFF_DAY].to_numpy()
    columns = {}
    for info in infos:
        there = beside(info.name) if beside(info.name) in rows.column_names else info.name
        columns[info.name] = (numbers if info.kind == "number" else texts)(rows, there)
    return FeatureFrame(texts(rows, c.CUSTOMER_ID), as_instants(days), columns)
