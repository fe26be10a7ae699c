"""Open Spark: the extra, a Java that runs it, and one quiet session in UTC.

Spark is capacity beyond one machine, never speed on one; see docs/decisions/0025-engines.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final, cast

import ibis

from cip.errors import SettingsError

JAVA: Final = ("17", "21")
"""The major versions of Java on which Spark 4.0 runs."""

_SETTINGS: Final = {
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
_ON_ONE_MACHINE: Final = {"spark.sql.shuffle.partitions": "4"}
_INSTALL_JAVA: Final = (
    "install one (Debian: `sudo apt install openjdk-17-jre-headless`) and let JAVA_HOME name its "
    "folder, or set engine = 'duckdb' in [run]"
)
_CLUSTER: Final = re.compile(r"local-cluster\[\d+,\d+,(\d+)\]")
_LONGEST: Final = 400


def connect_spark(master: str) -> ibis.BaseBackend:
    """A session at `master`, such as "local[2]", "spark://host:7077", "local-cluster[2,1,1024]".

    UTC; what Spark prints goes to no terminal.  A process has one Spark at a time: close it with
    `disconnect`.

    Raises: as `check_spark`, and SettingsError S-132 when Spark does not start there.
    """
    check_spark()
    from py4j.protocol import Py4JError  # noqa: PLC0415 (an extra: loaded when asked for)
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # nobody else on the network
    settings = list(settings_for(master).items())
    conf = SparkConf().setMaster(master).setAppName("cip").setAll(settings)
    try:
        session = SparkSession(SparkContext(conf=conf, gateway=_gateway()))
    except (Py4JError, PySparkException) as error:
        raise SettingsError(
            "S-132",
            f"Spark did not start at {master}: {_first_line(error)} {_last_error(_log())}".strip(),
            "is the cluster reachable from here, and does it run Spark 4.0? or set "
            "engine = 'duckdb' in [run]",
        ) from error
    return ibis.pyspark.connect(session)


def check_spark() -> None:
    """Nothing, where Spark can be started.

    Raises: SettingsError S-130 without the package pyspark, S-131 without a Java that runs it.
    """
    if find_spec("pyspark") is None:
        raise SettingsError(
            "S-130",
            "the engine is Spark, and the package pyspark is not installed.",
            "pip install 'customer-intelligence-platform[spark]', or set engine = 'duckdb' in "
            "[run]",
        )
    version = _java_version()
    if version is None:
        raise SettingsError("S-131", "the engine is Spark, and there is no Java.", _INSTALL_JAVA)
    if version not in JAVA:
        raise SettingsError(
            "S-131",
            f"the engine is Spark, which runs on Java {' or '.join(JAVA)}, and this is Java "
            f"{version}.",
            _INSTALL_JAVA,
        )


def settings_for(master: str) -> dict[str, str]:
    """What the session is told; on a cluster of this machine an executor fits into its worker."""
    settings = dict(_SETTINGS)
    if master.startswith("local"):
        settings |= _ON_ONE_MACHINE
    on_this_machine = _CLUSTER.fullmatch(master)
    if on_this_machine:
        settings["spark.executor.memory"] = f"{on_this_machine.group(1)}m"
    return settings


def read_with_spark(con: ibis.BaseBackend, files: Sequence[str]) -> ibis.Table:
    """The rows of these Parquet files as one table, which every executor reads by path.

    A file never changes, so the columns of the same files are looked up once in a session.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra: loaded when asked for)

    session = SparkSession.active()
    name = f"files_{sha256('|'.join(files).encode()).hexdigest()}"
    if not session.catalog.tableExists(name):
        rows = session.read.option("mergeSchema", "true").parquet(*files)
        rows.createOrReplaceTempView(name)
    return con.table(name)


@contextmanager
def spark_failures() -> Iterator[None]:
    """What Spark reports while the block runs is raised as SettingsError S-133."""
    from py4j.protocol import Py4JError  # noqa: PLC0415 (an extra: loaded when asked for)
    from pyspark.errors import PySparkException  # noqa: PLC0415

    try:
        yield
    except (Py4JError, PySparkException) as error:
        raise SettingsError(
            "S-133",
            f"Spark gave up: {_first_line(error)}",
            "every executor must see the workspace's files under the same path and have memory "
            "for its part (docs/howto/run-on-spark.md); or set engine = 'duckdb' in [run]",
        ) from error


@cache
def _gateway() -> Any:
    """The Java process of this Python process; it ends with it."""
    import pyspark  # noqa: PLC0415 (an extra: loaded when asked for)
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Spark's own default of 1 GB was seen to run out after some dozens of large plans
    os.environ.setdefault("SPARK_DRIVER_MEMORY", "2g")
    # another Spark on this machine may not be the one that this Python speaks to
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    log, launch = _log(), cast("Callable[..., Any]", launch_gateway)
    return launch(popen_kwargs={"stdout": log, "stderr": log})


@cache
def _log() -> IO[bytes]:
    """Where the Java process writes what it has to say: a file without a name."""
    return tempfile.TemporaryFile(prefix="cip-spark-")


def _last_error(log: IO[bytes]) -> str:
    """What the Java process said last of what is wrong."""
    log.seek(0)
    said = log.read().decode("utf-8", "replace").splitlines()
    errors = (line.partition(" ERROR ")[2] for line in reversed(said))
    return next((error[:_LONGEST] for error in errors if error), "")


def _first_line(error: Exception) -> str:
    """Without the line in which py4j says that there is an error."""
    lines = (line.strip(": ") for line in str(error).splitlines())
    told = (line for line in lines if line and not line.startswith("An error occurred"))
    return next(told, type(error).__name__)[:_LONGEST]


def _java_version() -> str | None:
    """Of the Java that Spark would start: that of JAVA_HOME, else the first one on the path."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        return None
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 (the user's own Java)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return found.group(1) if found else None
