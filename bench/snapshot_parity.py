"""Whether two sets of snapshots say the same: every key, every null, every figure."""

from __future__ import annotations

from pathlib import Path

import ibis
from ibis.expr.types import Table

from bench.snapshot_features import features
from bench.snapshot_ours import CUTOFFS
from cip.engine.days import day_numbers

_TOLERANCE = 1e-9
_UNEQUAL_NULLS = 1e9


def check_equal(theirs: Path, ours: Path) -> tuple[int, float]:
    """How many rows are equal, and the worst relative difference.

    Raises: ValueError when a row of one has no partner in the other, when no row joins at all, or
    when a figure differs by more than a billionth of itself (of 1, where it is smaller).
    """
    con = ibis.duckdb.connect()
    peer, own = con.read_parquet(theirs), con.read_parquet(ours / "*.parquet")
    names = [*(feature.info.name for feature in features(day_numbers(CUTOFFS))), "churned"]
    keyed = peer.mutate(
        customer_id=peer.customer_id.cast("string"),
        cutoff_day=peer.cutoff.cast("timestamp").epoch_seconds() // 86_400,
    )
    pairs = own.join(keyed, ["customer_id", "cutoff_day"], rname="peer_{name}")
    found = pairs.aggregate(
        rows=pairs.count(), **{name: _difference(pairs, name) for name in names}
    )
    row = found.to_pyarrow().to_pylist()[0]
    sizes = {peer.count().to_pyarrow().as_py(), own.count().to_pyarrow().as_py(), row["rows"]}
    if len(sizes) > 1 or not row["rows"]:
        raise ValueError(f"rows of the peer, of ours, of both: {sizes}")
    differing = {name: row[name] for name in names if not row[name] <= _TOLERANCE}
    if differing:
        raise ValueError(f"these differ: {differing}")
    return row["rows"], max(row[name] for name in names)


def _difference(pairs: Table, name: str) -> ibis.expr.types.NumericScalar:
    ours, theirs = (pairs[column].cast("float64") for column in (name, f"peer_{name}"))
    apart = (ours - theirs).abs() / ibis.greatest(theirs.abs(), 1.0)
    nulls = ours.isnull() != theirs.isnull()
    return nulls.ifelse(_UNEQUAL_NULLS, apart.fill_null(0)).max()
