"""`[churn] allow`: attributes that somebody has put back."""

from __future__ import annotations

import pytest
from tests.unit.contract.lines import LINES

from cip.contract.config import parse_config
from cip.errors import SettingsError

TEXT = f"""{LINES}columns.amount = "amount"
[tables.customers]
source = "lines"
columns.customer_id = "who"
attributes.risk_score = "risk"
[churn]
allow = ["risk_score"]
"""


def test_an_attribute_may_be_allowed_and_nothing_is_by_default() -> None:
    assert parse_config(TEXT).churn.allow == ("risk_score",)
    assert parse_config(TEXT.replace('allow = ["risk_score"]', "")).churn.allow == ()


@pytest.mark.parametrize("name", ["risk", "recency_days", "Risk_score"])
def test_allowing_what_is_no_attribute_is_an_error_that_names_what_is(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"churn.allow: '{name}' .* has risk_score") as error:
        parse_config(TEXT.replace('["risk_score"]', f'["{name}"]'))
    assert error.value.code == "S-102"
