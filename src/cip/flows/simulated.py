"""Simulated businesses as files: their tables, and in a folder of its own their truth.

Nothing in the product reads the truth; it is for tests, proofs and whoever compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cip.worlds.shop import GUEST_SHARE, ShopConfig, simulate_shop
from cip.worlds.shop_truth import shop_truth
from cip.worlds.streaming.config import Regime, StreamingConfig
from cip.worlds.streaming.simulate import simulate_streaming
from cip.worlds.streaming.truth import streaming_truth
from cip.worlds.truth import Truth

TRUTH_FOLDER: Final = "truth"
_STREAMING: Final = (
    "customers", "items", "interactions", "subscriptions", "transactions", "treatments",
)  # fmt: skip
_SHOP: Final = ("customers", "items", "interactions", "transactions")
_ROWS_AT_ONCE: Final = 1 << 20


def write_streaming(
    folder: Path, customers: int, seed: int = 7, regime: Regime = "moderate"
) -> None:
    """A streaming service: six Parquet files, and its truth in `folder`/truth.

    The same arguments give the same bytes.  `regime`: what its vouchers do, see `Campaigns`.
    Raises SettingsError W-102.
    """
    world = simulate_streaming(StreamingConfig(customers=customers, seed=seed, regime=regime))
    _write(folder, {name: getattr(world, name) for name in _STREAMING}, streaming_truth(world))


def write_shop(folder: Path, customers: int, seed: int = 7) -> None:
    """A shop without contracts, refunds and guests included, likewise; raises W-101."""
    config = ShopConfig(customers=customers, seed=seed, guest_share=GUEST_SHARE)
    world = simulate_shop(config)
    _write(folder, {name: getattr(world, name) for name in _SHOP}, shop_truth(config, world))


def _write(folder: Path, tables: Mapping[str, Mapping[str, np.ndarray]], truth: Truth) -> None:
    beside = folder / TRUTH_FOLDER
    beside.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        _write_table(folder / f"{name}.parquet", table)
    for name, table in truth.tables.items():
        _write_table(beside / f"{name}.parquet", table)
    said = json.dumps(truth.parameters, indent=2, ensure_ascii=False)
    (beside / "parameters.json").write_text(said + "\n", encoding="utf-8")


def _write_table(path: Path, table: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """In row groups, so that no more than one of them is held twice."""
    rows = len(next(iter(table.values())))
    schema = _part(table, slice(0, 0)).schema
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, rows, _ROWS_AT_ONCE):
            writer.write_table(_part(table, slice(first, first + _ROWS_AT_ONCE)))


def _part(table: Mapping[str, np.ndarray[Any, Any]], rows: slice) -> pa.Table:
    return pa.table({name: _column(values[rows]) for name, values in table.items()})


def _column(values: np.ndarray[Any, Any]) -> pa.Array:
    """Text is known by its type: in a part it may be all None."""
    text = pa.string() if values.dtype == object else None
    return pa.array(values, type=text, from_pandas=True)
