"""The records on PostgreSQL: versions, ledger and pointer are one transaction there too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cip.stores import schema
from cip.stores.ledger import add_line, all_lines, misfits
from cip.stores.records import Records, Writing, open_records
from cip.stores.versions import Lineage, add_version, all_versions
from cip.types import Principal

ADA = Principal("Ada", "owner")


@pytest.fixture
def records(postgres: str) -> Iterator[Records]:
    with open_records(postgres.replace("postgresql://", "postgresql+psycopg://")) as opened:
        yield opened


def _made(records: Records) -> Lineage:
    run_id = records.start_run(
        ADA, data_versions={"transactions": 3}, config_fingerprint="f", code_version="0", seed=7
    )
    records.finish_run(run_id, seconds=1.0, summary={})
    return Lineage(
        run_id=run_id,
        model="lightgbm",
        promoted=True,
        verdict="useful",
        metrics={"roc_auc": {"value": 0.8125}},
        data_versions={"transactions": 3},
        config_fingerprint="f",
        code_version="0",
        code_commit=None,
        seed=2**40,
        environment={"python": "3.11"},
        manifest_sha256="a" * 64,
        schema_hash="b" * 64,
    )


def test_a_version_and_its_forecast_are_there_with_the_pointer_or_not_at_all(
    records: Records,
) -> None:
    first, second = _made(records), _made(records)

    def beside(writing: Writing) -> None:
        add_version(writing, first)
        add_line(writing, first.run_id, "forecast", {"p": 1 / 3, "name": "Köln"})

    def fails(writing: Writing) -> None:
        add_version(writing, second)
        add_line(writing, second.run_id, "forecast", {})
        raise RuntimeError

    records.publish(first.run_id, ADA, beside=beside)
    with pytest.raises(RuntimeError):
        records.publish(second.run_id, ADA, beside=fails)
    assert records.current_run_id() == first.run_id
    (version,) = all_versions(records)
    assert (version.version, version.lineage) == (1, first)
    (line,) = all_lines(records)
    assert line.said == {"p": 1 / 3, "name": "Köln"}
    assert misfits([line]) == {}


def test_the_migrated_tables_are_those_of_the_code(records: Records) -> None:
    with records.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
