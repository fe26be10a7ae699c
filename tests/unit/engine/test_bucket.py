from __future__ import annotations

from collections import Counter

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.bucket import BUCKETS, bucket_expr, bucket_of
from cip.engine.connect import read_files

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def test_python_and_the_engine_agree_on_every_id(con: ibis.BaseBackend, tmp_path) -> None:
    ids = [str(n) for n in range(3000)]
    ids += ["", " ", "Åsa", "søren@example.org", "客户-7", "👩‍🚀", "a\x1fb", "'; drop", "x" * 500]
    pq.write_table(pa.table({"customer_id": ids}), tmp_path / "ids.parquet")
    rows = read_files(con, [str(tmp_path / "ids.parquet")])
    made = rows.select("customer_id", bucket=bucket_expr(rows["customer_id"])).to_pyarrow()
    seen = dict(zip(*(made[name].to_pylist() for name in made.column_names), strict=True))
    assert seen == {customer_id: bucket_of(customer_id) for customer_id in ids}


def test_the_bucket_of_an_id_never_changes() -> None:
    # fixed forever: lakes are partitioned and experiments assigned by it
    assert [bucket_of(name) for name in ("", "a", "13085", "客户")] == [
        20,
        12,
        41,
        63,
    ]  # md5sum says so


def test_customers_are_spread_evenly_over_all_buckets() -> None:
    counts = Counter(bucket_of(str(n)) for n in range(64_000))
    assert set(counts) == set(range(BUCKETS))
    assert max(counts.values()) < 1.2 * min(counts.values())
