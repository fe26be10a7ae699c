"""Spark for tests: quick to start, one at a time, and gone without a warning."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import ibis
import pytest

from cip.engine.connect import open_engine

# a session of minutes does not earn back what Java's second compiler costs: half of the CPU; and
# it plans large queries most of the time, whose litter fills a heap that begins small
QUICK_JAVA = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:NewRatio=1 -XX:InitialRAMPercentage=6 "
    "-XX:MetaspaceSize=256m"
)
QUIET = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    # pyspark 4.0 speaks to pandas 3 in words that pandas 4 will not know
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
    # py4j leaves its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def spark_at(master: str) -> Iterator[ibis.BaseBackend]:
    """For `yield from` in a fixture: a session at `master`, closed at the end."""
    con = open_quickly(master)
    from pyspark.sql import SparkSession

    application = SparkSession.active().sparkContext.applicationId
    yield con
    con.disconnect()
    shutil.rmtree(Path(os.environ["SPARK_HOME"]) / "work" / application, ignore_errors=True)
    del con
    gc.collect()  # here, where the warning about sockets is expected, not in a later test


def open_quickly(master: str) -> ibis.BaseBackend:
    """`open_engine`; the first one of a process says which Java all others have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", QUICK_JAVA)
        return open_engine(master, threads=2)
