"""The shape of the input is read from the tables that are mapped."""

from __future__ import annotations

import pytest

from cip.contract.config import parse_config
from cip.errors import SettingsError

HEAD = """
format = 1
[workspace]
name = "A table"
currency = "EUR"
[sources.table]
path = "table.csv"
"""
CUSTOMERS = """
[tables.customers]
source = "table"
columns.customer_id = "id"
attributes = { plan = "plan", price = "price", churn = "Churn" }
"""
PAYMENTS = """
[tables.transactions]
source = "table"
columns.customer_id = "id"
columns.transaction_id = "invoice"
columns.occurred_at = "day"
columns.amount = "amount"
"""
GIVEN = '[churn]\nlabel = { kind = "given", column = "churn", left = ["Yes"] }\n'


def test_a_customer_table_with_a_label_is_plain_and_a_table_with_times_makes_events() -> None:
    assert parse_config(HEAD + CUSTOMERS + GIVEN).shape == "plain"
    assert parse_config(HEAD + CUSTOMERS + PAYMENTS).shape == "events"
    assert parse_config(HEAD + PAYMENTS).shape == "events"


def test_with_events_a_column_without_a_date_is_no_main_label() -> None:
    with pytest.raises(SettingsError, match="has no date"):
        parse_config(HEAD + CUSTOMERS + PAYMENTS + GIVEN)


def test_a_customer_table_without_a_label_is_told_how_to_name_one() -> None:
    with pytest.raises(SettingsError, match="a column says who left"):
        parse_config(HEAD + CUSTOMERS)


def test_the_label_must_be_an_attribute() -> None:
    with pytest.raises(SettingsError, match=r"no attribute of tables\.customers"):
        parse_config(HEAD + CUSTOMERS + GIVEN.replace('"churn"', '"gone"'))


def test_a_monthly_sum_is_an_attribute_and_belongs_to_a_plain_table() -> None:
    money = '[value]\nmonthly = "price"\n'
    assert parse_config(HEAD + CUSTOMERS + GIVEN + money).value.monthly == "price"
    with pytest.raises(SettingsError, match=r"'cost' is no attribute"):
        parse_config(HEAD + CUSTOMERS + GIVEN + money.replace("price", "cost"))
    with pytest.raises(SettingsError, match="where tables have times"):
        parse_config(HEAD + CUSTOMERS + PAYMENTS + money)


def test_a_value_cannot_mean_both() -> None:
    both = GIVEN.replace('["Yes"]', '["Yes"], stayed = ["no", "YES"]')
    with pytest.raises(SettingsError, match="'yes' cannot mean both"):
        parse_config(HEAD + CUSTOMERS + both)
