"""Rows added up between the edges of windows say at every cutoff what single days say."""

from __future__ import annotations

from collections import Counter

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.engine.at_hand import at_hand
from cip.engine.events import read_events
from cip.engine.feature import within
from cip.engine.point_in_time import CUTOFF_DAY, known_before
from cip.engine.spans import edges, in_spans, last_meetings, last_of_span

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFFS = [40, 47, 75]
WINDOWS = (7, 30)
PAIRS = ibis.memtable(pa.table({"customer_id": ["a"] * 3, CUTOFF_DAY: CUTOFFS}))
FEW_QUERIES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
meetings = st.lists(
    st.tuples(
        st.integers(0, 80),  # the day
        st.sampled_from([0, 0, 1, 9, 40]),  # days until it was known
        st.sampled_from([None, None, 1, 30]),  # days from then until it was known otherwise
        st.sampled_from(["tea", "soap"]),
    ),
    min_size=1,
    max_size=12,
)


def met(drawn: list[tuple[int, int, int | None, str]], *, changed: bool) -> ibis.Table:
    rows = [
        {
            "customer_id": "a",
            "day": day,
            "known_day": day + late,
            "thing": thing,
            **({"superseded_day": None if then is None else day + late + then} if changed else {}),
        }
        for day, late, then, thing in drawn
    ]
    schema = {"customer_id": pa.string(), "day": pa.int64(), "known_day": pa.int64()}
    schema |= {"thing": pa.string()} | ({"superseded_day": pa.int64()} if changed else {})
    return ibis.memtable(pa.Table.from_pylist(rows, pa.schema(list(schema.items()))))


def counted(con: ibis.BaseBackend, rows: ibis.Table) -> dict[int, tuple[int, ...]]:
    """How many rows, by cutoff: of each window and of all."""
    found = known_before(rows, PAIRS)
    sums = {f"of_{days}": within(found, days).ifelse(found["n"], 0).sum() for days in WINDOWS}
    made = con.to_pyarrow(found.group_by(CUTOFF_DAY).aggregate(**sums, all=found["n"].sum()))
    return {row.pop(CUTOFF_DAY): tuple(row.values()) for row in made.to_pylist()}


@FEW_QUERIES
@given(drawn=meetings)
def test_every_window_of_every_cutoff_counts_the_same_in_spans(con, drawn: list) -> None:
    daily = met(drawn, changed=True)
    spans = in_spans(daily, edges(CUTOFFS, WINDOWS), n=ibis.Table.count)
    assert counted(con, spans) == counted(con, daily.mutate(n=1))


@FEW_QUERIES
@given(drawn=meetings)
def test_last_meetings_count_the_things_met_and_when_they_were_met_last(con, drawn: list) -> None:
    days = edges(CUTOFFS, WINDOWS)
    rows = last_meetings(met(drawn, changed=False))
    until = last_of_span(ibis.coalesce(rows["until_day"], days[-1]), days)
    spans = in_spans(rows.mutate(until=until), days, "until", n=ibis.Table.count)
    found = known_before(spans, PAIRS)
    last = found.filter(found["until"] >= found[CUTOFF_DAY])
    counts: Counter[tuple[int, int | None]] = Counter()
    for cutoff in CUTOFFS:
        ages: dict[str, int] = {}
        for day, late, _, thing in drawn:
            if day + late < cutoff:
                ages[thing] = min(ages.get(thing, cutoff), cutoff - day)
        for span in (*WINDOWS, None):
            counts[cutoff, span] = sum(span is None or age <= span for age in ages.values())
    for span in (*WINDOWS, None):
        seen = last.filter(within(last, span))
        by_cutoff = con.to_pyarrow(seen.group_by(CUTOFF_DAY).aggregate(n=seen["n"].sum()))
        made = {row[CUTOFF_DAY]: row["n"] for row in by_cutoff.to_pylist()}
        assert {cutoff: made.get(cutoff, 0) for cutoff in CUTOFFS} == {
            cutoff: counts[cutoff, span] for cutoff in CUTOFFS
        }


def test_days_lie_on_the_same_side_of_every_edge_as_the_last_day_of_their_span(con) -> None:
    days = edges(CUTOFFS, WINDOWS)
    rows = ibis.memtable(pa.table({"day": list(range(90))}))
    made = con.to_pyarrow(rows.mutate(last=last_of_span(rows["day"], days))).to_pylist()
    assert days == (10, 17, 33, 40, 45, 47, 68, 75)
    assert all((row["day"] < edge) == (row["last"] < edge) for row in made for edge in days)
    assert len({row["last"] for row in made}) == len(days) + 1


def test_rows_at_hand_are_those_of_the_store_and_are_gone_afterwards(con, make_store) -> None:
    at = {"occurred_at": pa.scalar(86_400_000_000 * 3 - 1, pa.timestamp("us", "UTC")).as_py()}
    rows = [{"customer_id": name, **at, "kind": "play"} for name in ("a", "b", "b")]
    events = read_events(con, make_store(interactions=rows), range(64))
    with at_hand(con, events) as near:
        assert con.to_pyarrow(near.interactions)["day"].to_pylist() == [2, 2, 2]
        kept = near.keep(near.interactions.filter(near.interactions["customer_id"] == "b"))
        assert con.to_pyarrow(kept.count()).as_py() == 2
    with pytest.raises(duckdb.CatalogException, match="does not exist"):
        con.to_pyarrow(kept)
