"""The contract of an engine, as a class of tests that the author of a backend subclasses."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import ClassVar

import ibis
import pyarrow as pa
import pytest

from cip.engine.connect import connect
from cip.engine.features import CATALOGUE
from cip.testing.agree import disagreements
from cip.testing.engine_answers import TOPICS
from cip.testing.engine_world import FolderStore, write_world

EVENTS: int = 100_000
"""At least so many events are asked about."""


class EngineContract:
    """An engine answers every question of the product as DuckDB does, on 100,000 events.

    Subclass it with a fixture `engine` of scope "class" that gives an Ibis connection whose
    session runs in UTC, and closes it::

        class TestMine(EngineContract):
            @pytest.fixture(scope="class")
            @classmethod
            def engine(cls):
                connection = connect_to_mine()
                yield connection
                connection.disconnect()

    The same keys come, nulls stand in the same places, numbers differ by a billionth at most
    (`cip.testing.agree`).  A question that nobody's rows answer fails.  Needs pytest.
    """

    rows_per_pass: ClassVar[int] = 10**9

    @pytest.mark.parametrize("topic", TOPICS)
    def test_it_gives_the_same_answer(
        self, engine: ibis.BaseBackend, tmp_path_factory: pytest.TempPathFactory, topic: str
    ) -> None:
        """One topic of `TOPICS` each."""
        folder = tmp_path_factory.getbasetemp() / "engine-contract"
        found = TOPICS[topic].ask(engine, _world(folder), self.rows_per_pass)
        problems = disagreements(_expected(folder, topic), found, TOPICS[topic].keys)
        if problems:
            pytest.fail("; ".join(problems), pytrace=False)

    def test_the_question_is_large_and_whole(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Enough events, and every feature of the catalogue is asked for."""
        folder = tmp_path_factory.getbasetemp() / "engine-contract"
        tables = ("transactions", "interactions")
        rows = [sum(_world(folder).rows_by_bucket(table).values()) for table in tables]
        asked = _expected(folder, next(iter(TOPICS))).column_names
        missing = [f.info.name for f in CATALOGUE if f.info.name not in asked]
        if sum(rows) < EVENTS or missing:
            pytest.fail(f"{sum(rows)} events; features that nobody asks for: {missing}")


@cache
def _world(folder: Path) -> FolderStore:
    return write_world(folder)


@cache
def _expected(folder: Path, topic: str) -> pa.Table:
    """What DuckDB says in one pass on two threads."""
    con = connect(threads=2)
    try:
        return TOPICS[topic].ask(con, _world(folder), 10**9)
    finally:
        con.disconnect()
