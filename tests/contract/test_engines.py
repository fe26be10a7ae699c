"""Every engine that the product offers keeps the contract."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import ibis
import pytest

from cip.engine.connect import connect, open_engine
from cip.errors import SettingsError
from cip.testing.engine import EngineContract

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    # pyspark 4.0 speaks to pandas 3 in words that pandas 4 will not know
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
    # py4j leaves its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


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
    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[ibis.BaseBackend]:
        yield from _spark("local[2]")


@pytest.mark.spark
class TestSparkCluster(EngineContract):
    """A master and two executors, each a process of its own that reads the files by path."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[ibis.BaseBackend]:
        yield from _spark("local-cluster[2,1,1024]")

    @pytest.mark.usefixtures("engine")
    def test_executors_are_processes_of_their_own(self) -> None:
        from pyspark.sql import SparkSession

        context = SparkSession.active().sparkContext
        there = context._jsc.sc().getExecutorMemoryStatus().size()
        assert there == 3  # the driver and two


@pytest.mark.spark
def test_a_spark_that_cannot_start_says_why() -> None:
    with pytest.raises(SettingsError, match="memory") as refused:
        _open("local-cluster[1,1,100]")
    assert refused.value.code == "S-132"


# a session of minutes does not earn back what Java's second compiler costs: half of the CPU
_QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def _spark(master: str) -> Iterator[ibis.BaseBackend]:
    if importlib.util.find_spec("pyspark") is None:
        reason = "pyspark is missing: pip install 'customer-intelligence-platform[spark]'"
        if os.environ.get("CIP_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    con = _open(master)
    from pyspark.sql import SparkSession

    application = SparkSession.active().sparkContext.applicationId
    yield con
    con.disconnect()
    shutil.rmtree(Path(os.environ["SPARK_HOME"]) / "work" / application, ignore_errors=True)
    del con
    gc.collect()  # here, where the warning about sockets is expected, not in a later test


def _open(master: str) -> ibis.BaseBackend:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", _QUICK_JAVA)
        return open_engine(master, threads=2)
