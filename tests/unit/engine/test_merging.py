from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.batches import bucket_groups, in_buckets, sorted_batches
from cip.engine.merging import arrival_of, filled, merged
from cip.engine.rows import Arrival

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def people(con, tmp_path):
    """`people("name", ("a", "Rome"), ...)`: a customers table of these ids and cities."""

    def make(name: str, *rows: tuple[str, str | None], **more):
        path = tmp_path / f"{name}.parquet"
        ids = [who for who, _ in rows]
        columns = {
            "customer_id": ids,
            "row_key": ids,
            "city": pa.array([city for _, city in rows], pa.string()),
            "bucket": pa.array(range(len(ids)), pa.int32()),
            **more,
        }
        pq.write_table(pa.table(columns), path)
        return con.read_parquet(path)

    return make


def cities(rows) -> dict[str, str | None]:
    found = rows.to_pyarrow().to_pylist()
    assert len(found) == len({row["customer_id"] for row in found})
    return {row["customer_id"]: row["city"] for row in found}


def test_the_newest_content_wins_and_the_others_stay(people) -> None:
    there = people("there", ("a", "Rome"), ("b", "Oslo"))
    rows = people("rows", ("b", None), ("c", "Kyiv"))
    assert cities(merged(rows, there)) == {"a": "Rome", "b": None, "c": "Kyiv"}
    assert cities(merged(rows, None)) == {"b": None, "c": "Kyiv"}
    assert arrival_of(rows, there) == Arrival(new=1, same=0, changed=1)
    assert arrival_of(there, there) == Arrival(new=0, same=2, changed=0)


def test_a_column_that_is_new_or_of_another_type_is_read_for_those_who_stay(people) -> None:
    there = people("there", ("a", "Rome"), ("b", "Oslo"), age=pa.array(["31", "old"]))
    rows = people("rows", ("c", "Kyiv"), age=pa.array([40.0]), plan=pa.array(["gold"]))
    made = {row["customer_id"]: row for row in merged(rows, there).to_pyarrow().to_pylist()}
    assert [made[who]["age"] for who in "abc"] == [31.0, None, 40.0]
    assert [made[who]["plan"] for who in "abc"] == [None, None, "gold"]


def test_gaps_are_filled_in_the_order_of_the_ids(people) -> None:
    rows = people(
        "rows", ("a", None), ("b", "Oslo"), ("c", "Kyiv"), plan=pa.array(["x", None, "z"])
    )
    (one,) = filled(rows, ["a", "b", "c"], "a", 7).to_pyarrow().to_pylist()
    assert (one["customer_id"], one["row_key"], one["bucket"]) == ("a", "a", 7)
    assert (one["city"], one["plan"]) == ("Oslo", "x")
    assert filled(rows, ["nobody"], "nobody", 7).to_pyarrow().num_rows == 0


def test_groups_cover_every_bucket_once() -> None:
    for rows in (0, 1, 400_000, 400_001, 10_000_000, 10**9):
        groups = bucket_groups(rows)
        assert [bucket for group in groups for bucket in group] == list(range(64))
    assert len(bucket_groups(400_000)) == 1
    assert len(bucket_groups(10**9)) == 64


def test_rows_come_sorted_by_bucket_and_key(con, people) -> None:
    rows = people("rows", *((f"c{place % 7}", None) for place in range(50)))
    rows = rows.mutate(bucket=(rows["bucket"] * 5 % 4).cast("int32"))
    made = sorted_batches(con, rows, ["customer_id"]).read_all().to_pylist()
    keys = [(row["bucket"], row["customer_id"]) for row in made]
    assert keys == sorted(keys)
    assert len(keys) == 50
    assert in_buckets(rows, range(2)).count().to_pyarrow().as_py() == sum(k[0] < 2 for k in keys)
