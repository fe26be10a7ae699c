"""A time zone is named as the IANA database names it, and a wrong name is told what is near."""

from __future__ import annotations

import os
import subprocess
import sys
import zoneinfo

import pytest

from cip.contract.config import parse_config
from cip.contract.zones import checked_zone
from cip.errors import SettingsError


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_a_name_of_the_database_is_taken(name: str) -> None:
    assert checked_zone(name) == name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Sao Paulo", "America/Sao_Paulo"),
    ],
)
def test_another_is_told_what_is_near(name: str, near: str) -> None:
    if name in zoneinfo.available_timezones():  # a machine whose files know no capitals
        pytest.skip(f"{name} is known here")
    with pytest.raises(ValueError, match=rf"is no time zone, .*did you mean {near}"):
        checked_zone(name)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "/etc/passwd", "Europe", "MEZ", "a\x00b"])
def test_what_is_near_to_nothing_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no time zone, such as Europe/Berlin$"):
        checked_zone(name)


WITHOUT_ZONES = """
import sys
sys.modules["tzdata"] = None
from cip.contract.zones import checked_zone
print(checked_zone("UTC"))
try:
    checked_zone("Europe/Berlin")
except ValueError as error:
    print(error)
"""


def test_a_machine_without_time_zones_says_what_brings_them() -> None:
    """Such as Windows without the package tzdata."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_ZONES],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    utc, said = ended.stdout.splitlines()
    assert utc == "UTC"
    assert "'Europe/Berlin' cannot be looked up" in said
    assert "pip install tzdata" in said


def test_a_wrong_zone_of_the_workspace_is_one_error_with_its_place(players) -> None:
    text = players().replace('currency = "EUR"', 'currency = "EUR"\ntime_zone = "Berlin"')
    with pytest.raises(SettingsError, match=r"workspace\.time_zone: .*Europe/Berlin\?") as refused:
        parse_config(text)
    assert refused.value.code == "S-102"


def test_without_a_zone_the_days_are_those_of_utc(players) -> None:
    assert parse_config(players()).workspace.time_zone == "UTC"
