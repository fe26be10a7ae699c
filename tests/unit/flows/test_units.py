"""Units that the mapping states are said behind the number."""

from __future__ import annotations

import pytest

from cip.contract.config import parse_config
from cip.flows.remembered import part_fingerprint
from cip.flows.units import with_units
from cip.models.explain import sentence
from cip.types import FeatureInfo

GIVEN = """
format = 1
[workspace]
name = "Telco"
currency = "USD"
[sources.table]
path = "table.csv"
[tables.customers]
source = "table"
columns.customer_id = "id"
attributes.tenure = "tenure"
attributes.busy = "busy"
attributes.contract = "contract"
attributes.gone = "gone"
{units}
[churn]
label = {{ kind = "given", column = "gone", left = ["Yes"] }}
[value]
bands = [1.0, 2.0]
"""
PHRASE = "It is {v} (typical {usual})"


def config(units: str = ""):
    return parse_config(GIVEN.format(units=units))


def info(name: str, kind: str = "number", unit: str = "", decimals: int = 0) -> FeatureInfo:
    return FeatureInfo(name, kind, unit, name, PHRASE, name, decimals=decimals)


def said(units: str, asked: FeatureInfo, value: float | str, usual: float | str) -> str:
    (found,) = with_units([asked], config(units))
    return sentence(found, value, usual)


def test_a_unit_stands_behind_the_value_of_the_customer() -> None:
    units = 'units = { tenure = "months" }'
    assert said(units, info("tenure"), 9.0, 29.0) == "It is 9 months (typical 29)"
    assert said(units, info("tenure"), 1.0, 29.0) == "It is 1 month (typical 29)"


def test_a_share_is_said_in_per_cent() -> None:
    assert said('units.busy = "share"', info("busy"), 0.25, 0.5) == "It is 25 % (typical 50 %)"


@pytest.mark.parametrize(
    ("units", "asked"),
    [
        ("", info("tenure")),
        ('units.tenure = "months"', info("busy")),
        ('units.tenure = "months"', info("tenure", unit="USD")),
        ('units.contract = "words"', info("contract", kind="category")),
    ],
)
def test_what_states_no_unit_or_has_one_or_is_no_number_stays(
    units: str, asked: FeatureInfo
) -> None:
    assert with_units([asked], config(units)) == (asked,)


def test_a_unit_changes_nothing_that_is_read() -> None:
    before, after = config(), config('units.tenure = "months"')
    assert part_fingerprint(before, "customers", "table") == part_fingerprint(
        after, "customers", "table"
    )
