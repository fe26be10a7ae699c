"""Every engine that the product offers keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import pytest
from tests.spark_session import QUIET, open_quickly, spark_at

from cip.engine.connect import connect
from cip.errors import SettingsError
from cip.testing.engine import EngineContract

pytestmark = QUIET


class TestDuckDBInPasses(EngineContract):
    """One thread and many passes against two threads and one pass."""

    rows_per_pass = 40_000

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[ibis.BaseBackend]:
        con = connect(threads=1)
        yield con
        con.disconnect()


@pytest.mark.spark
class TestSpark(EngineContract):
    """All in one process, as `engine = "spark"` has it."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[ibis.BaseBackend]:
        yield from spark_at("local[2]")


@pytest.mark.spark
class TestSparkCluster(EngineContract):
    """A master and two executors, each a process of its own that reads the files by path."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[ibis.BaseBackend]:
        yield from spark_at("local-cluster[2,1,1024]")

    @pytest.mark.usefixtures("engine")
    def test_executors_are_processes_of_their_own(self) -> None:
        from pyspark.sql import SparkSession

        context = SparkSession.active().sparkContext
        there = context._jsc.sc().getExecutorMemoryStatus().size()
        assert there == 3  # the driver and two


@pytest.mark.spark
def test_a_spark_that_cannot_start_says_why() -> None:
    with pytest.raises(SettingsError, match="memory") as refused:
        open_quickly("local-cluster[1,1,100]")
    assert refused.value.code == "S-132"
