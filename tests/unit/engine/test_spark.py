"""What is said where Spark cannot start; whether it computes the same is the contract's test."""

from __future__ import annotations

from pathlib import Path

import pytest

from cip.engine.connect import DUCKDB, open_engine
from cip.engine.spark import check_spark, settings_for
from cip.errors import SettingsError

pytest.importorskip("pyspark")


def java_that_says(home: Path, words: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{words}' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    return home


@pytest.mark.parametrize("version", ["17.0.15", "21.0.2"])
def test_java_17_and_21_run_spark(tmp_path, monkeypatch, version: str) -> None:
    home = java_that_says(tmp_path, f'openjdk version "{version}" 2025-04-15')
    monkeypatch.setenv("JAVA_HOME", str(home))
    check_spark()


@pytest.mark.parametrize(("version", "said"), [("1.8.0_402", "8"), ("25.0.1", "25")])
def test_another_java_is_named(tmp_path, monkeypatch, version: str, said: str) -> None:
    home = java_that_says(tmp_path, f'openjdk version "{version}" 2025-04-15')
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(SettingsError, match=f"this is Java {said}") as refused:
        open_engine("spark", threads=1)
    assert refused.value.code == "S-131"
    assert "openjdk-17" in refused.value.hint


def test_without_java_the_install_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="there is no Java") as refused:
        check_spark()
    assert refused.value.code == "S-131"


def test_without_pyspark_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(__import__("sys").modules, "pyspark", raising=False)
    with pytest.raises(SettingsError) as refused:
        check_spark()
    assert refused.value.code == "S-130"
    assert "customer-intelligence-platform[spark]" in refused.value.hint


def test_an_executor_fits_into_its_worker_and_times_are_utc() -> None:
    settings = settings_for("local-cluster[2,1,512]")
    assert settings["spark.executor.memory"] == "512m"
    assert settings["spark.sql.session.timeZone"] == "UTC"
    elsewhere = settings_for("spark://host:7077")
    assert "spark.executor.memory" not in elsewhere
    assert "spark.sql.shuffle.partitions" not in elsewhere


def test_duckdb_needs_no_java(monkeypatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    con = open_engine(DUCKDB, threads=1)
    assert con.name == DUCKDB
    con.disconnect()
