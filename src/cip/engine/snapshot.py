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
    asked = (_Asked(rule, day_numbers(cutoffs, store.zone)),)
    question = _Question(asked, active_days, daily, usable, tuple(extra))
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
    asked = (_Asked(rule, day_numbers(cutoffs, store.zone)),)
    question = _Question(asked, active_days, daily, usable, tuple(extra), horizon_days)
    rows, infos = _answer(con, store, question, rows_per_pass, on_pass)
    return _labelled(rows, infos), infos


@dataclass(frozen=True, slots=True)
class SeenOnce:
    """What one look at the data gives: the label at its cutoffs, other labels, whom to score."""

    known: LabelledFrame
    score: FeatureFrame
    others: tuple[LabelledFrame, ...]
    infos: Infos


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
    others: Sequence[LabelRule] = (),
    attributes: Sequence[str] = (),
    extra: Sequence[Feature] = (),
    on_pass: OnPass | None = None,
    daily: Sequence[Part] = (),
) -> SeenOnce:
    """`labelled_frame` at the cutoffs and `feature_frame` at `score`, from one look at the data.

    For a rule with a time.  Of `others`, those with a time are answered at the cutoffs too, a
    given one at `score`; a customer whom several rules ask about is looked at once.  None of
    `attributes` may be the column of a given label.

    Raises: as these do.
    """
    check_horizon(cutoffs, horizon_days, data_end)
    days, scored = day_numbers(cutoffs, store.zone), day_number(score, store.zone)
    first = _Asked(rule, [*days, scored])
    asked = (first, *(_Asked(o, [scored] if o.kind == "given" else days) for o in others))
    question = _Question(asked, active_days, daily, tuple(attributes), tuple(extra), horizon_days)
    rows, infos = _answer(con, store, question, rows_per_pass, on_pass)
    to_score = pc.equal(rows[CUTOFF_DAY], scored)
    is_first = pc.is_valid(rows[_churned(0)])
    return SeenOnce(
        known=_labelled(rows.filter(pc.and_(is_first, pc.invert(to_score))), infos),
        score=_features(rows.filter(pc.and_(is_first, to_score)), infos),
        others=tuple(
            _labelled(rows.filter(pc.is_valid(rows[_churned(n)])), infos, n)
            for n in range(1, len(asked))
        ),
        infos=infos,
    )


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
    asked = (_Asked(rule, day_numbers(cutoffs, store.zone)),)
    question = _Question(asked, active_days, daily, horizon_days=horizon_days)
    passes = plan_passes(con, store, rows_per_pass, READS[rule.kind])
    yield from run_passes(passes, _pass(con, store, question, features, ()), on_pass)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who is looked at: the customers of a rule at its cutoffs."""

    rule: LabelRule
    cutoff_days: list[int]


@dataclass(frozen=True, slots=True)
class _Question:
    asked: tuple[_Asked, ...]
    active_days: int
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
    reads = {READS[asked.rule.kind]: None for asked in question.asked}
    passes = plan_passes(con, store, rows_per_pass, *reads)
    kinds = _kinds(con, store, question.daily)
    whole = read_events(con, store, [bucket for group in passes for bucket in group], kinds)
    features = available(whole)
    static = attribute_infos(whole.customers, question.attributes)
    for asked in question.asked:
        if asked.rule.kind == "given":
            customers_with(whole.customers, asked.rule.column, "the given label")
    if question.extra:
        check_names(question.extra, [info.name for info in static])
        first = _pairs(whole, question.asked[0], question)
        check_extra(question.extra, whole, first, features)
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
    names = names_read(stages, [asked.rule for asked in question.asked], labelled=labelled)

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
    """The features of everybody whom one of the rules asks about, and what each rule says."""
    by_rule = [events.keep(_pairs(events, asked, question)) for asked in question.asked]
    pairs = by_rule[0]
    if len(by_rule) > 1:
        pairs = events.keep(ibis.union(*by_rule, distinct=True))
    rows = with_features(events, pairs, features, question.extra)
    if static and events.customers is not None:
        rows = _with_attributes(rows, events.customers, static)
    if question.horizon_days is None:
        return rows
    # labelled apart, because asking rows with features for their keys computes the features again
    labels = _with_labels(events, pairs, by_rule, question)
    return rows.join(labels, KEYS)


def _with_labels(
    events: Events, pairs: Table, by_rule: Sequence[Table], question: _Question
) -> Table:
    """`pairs` with what each rule says of its own, and the value that followed.

    Only pairs of whom one of the rules says something.
    """
    days = question.horizon_days or 0
    payments = payments_known_today(events)
    if len(by_rule) == 1:
        told = with_churned(pairs, events, question.asked[0].rule, days)
        return with_future_value(told, payments, days)
    joined = pairs
    for number, (own, asked) in enumerate(zip(by_rule, question.asked, strict=True)):
        told = with_churned(own, events, asked.rule, days)
        told = told.select(*KEYS, told[c.CHURNED].name(_churned(number)))
        joined = joined.left_join(told, KEYS, rname=f"{{name}}_{number}")
    names = [_churned(number) for number in range(len(by_rule))]
    joined = joined.select(*KEYS, *names)
    somebody = ibis.or_(*(joined[name].notnull() for name in names))
    return with_future_value(joined.filter(somebody), payments, days)


def _churned(number: int) -> str:
    """The column with what the rule of this place says; null where it says nothing.

    With a blank, which no feature's name has.
    """
    return f"{c.CHURNED} {number}" if number else c.CHURNED


def _pairs(events: Events, asked: _Asked, question: _Question) -> Table:
    return eligible(events, asked.rule, asked.cutoff_days, question.active_days)


def _with_attributes(rows: Table, customers: Table, static: Infos) -> Table:
    kinds = {"number": "float64", "category": "string"}
    columns = {beside(info.name): customers[info.name].cast(kinds[info.kind]) for info in static}
    wanted = customers.select(c.CUSTOMER_ID, **columns)
    return rows.left_join(wanted, c.CUSTOMER_ID).drop(f"{c.CUSTOMER_ID}_right")


def _labelled(rows: pa.Table, infos: Infos, number: int = 0) -> LabelledFrame:
    churned = np.asarray(numbers(rows, _churned(number)) == 1, dtype=np.bool_)
    return LabelledFrame(_features(rows, infos), churned, numbers(rows, c.FUTURE_VALUE))


def _features(rows: pa.Table, infos: Infos) -> FeatureFrame:
    days = rows[CUTOFF_DAY].to_numpy()
    columns = {}
    for info in infos:
        there = beside(info.name) if beside(info.name) in rows.column_names else info.name
        columns[info.name] = (numbers if info.kind == "number" else texts)(rows, there)
    return FeatureFrame(texts(rows, c.CUSTOMER_ID), as_instants(days), columns)
