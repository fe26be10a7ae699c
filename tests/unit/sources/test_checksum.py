from __future__ import annotations

from pathlib import Path

import pytest

from cip.contract.mapping import Source
from cip.errors import SettingsError
from cip.sources.checksum import checksum_of
from cip.sources.expected import expected_rows
from cip.sources.files import stage


@pytest.mark.parametrize("pattern", ["a-1.csv", "a-*.csv"])
def test_the_checksum_is_that_of_the_staged_source(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "a-1.csv").write_text("x,y\n1,2\n")
    (tmp_path / "a-2.csv").write_text("x,y\n3,4\n")
    source = Source(path=pattern)
    assert checksum_of(source, tmp_path) == stage(source, tmp_path, tmp_path / "out").sha256


def test_a_database_has_none_and_a_missing_file_says_so(tmp_path: Path) -> None:
    assert checksum_of(Source(database="sqlite:///x.db", table="t"), tmp_path) is None
    with pytest.raises(SettingsError, match="does not exist"):
        checksum_of(Source(path="none.csv"), tmp_path)


def test_rows_are_estimated_and_what_cannot_be_is_none(tmp_path: Path) -> None:
    lines = ["x,y", *(f"{number},{number}" for number in range(10_000, 20_000))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    found = expected_rows(Source(path="a.csv"), tmp_path)
    assert found is not None
    assert abs(found - 10_000) < 10
    assert expected_rows(Source(path="none.csv"), tmp_path) is None
    assert expected_rows(Source(database="sqlite:///x.db", table="t"), tmp_path) is None
