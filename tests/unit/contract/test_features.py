"""Features in `cip.toml`: what can be said, in which words, and what is refused."""

from __future__ import annotations

import pytest

from cip.contract.config import Config, parse_config
from cip.errors import SettingsError

SHOP = """
format = 1
[workspace]
name = "Shop"
currency = "GBP"
[sources.lines]
path = "lines.csv"
[tables.transactions]
source = "lines"
columns = { customer_id = "who", transaction_id = "no", occurred_at = "when", amount = "paid" }
[tables.interactions]
source = "lines"
columns = { customer_id = "who", occurred_at = "when", kind = "what", item_id = "thing" }
"""


def shop(feature: str, name: str = "mine") -> Config:
    return parse_config(f"{SHOP}[features.{name}]\n{feature}\n")


def test_the_words_of_a_feature_are_made_of_its_fields() -> None:
    rule = 'table = "transactions"\nof = "sum"\ncolumn = "amount"\nwindow_days = 14'
    info = shop(rule, "spend_14d").features["spend_14d"].info("spend_14d")
    assert info.description == "Sum of amount in the transactions in the last 14 days."
    assert info.phrase == (
        "Sum of amount in the transactions in the last 14 days: {v} {currency} (typical {usual})"
    )
    assert (info.unit, info.fact, info.window_days) == ("money", "spend 14d", 14)


@pytest.mark.parametrize(
    ("rule", "said", "unit"),
    [
        (
            'table = "interactions"\nof = "count"\nkinds = ["play", "rate"]',
            "Number of interactions of kind play or rate so far.",
            "times",
        ),
        (
            'table = "interactions"\nof = "distinct"\ncolumn = "item_id"',
            "Different values of item_id in the interactions so far.",
            "values",
        ),
        (
            'table = "interactions"\nof = "days_since_last"',
            "Days since the last of the interactions.",
            "days",
        ),
        ('ratio = ["plays_7d", "plays_all"]', "Plays 7d divided by plays all.", "times"),
    ],
)
def test_every_kind_of_rule_says_what_it_is(rule: str, said: str, unit: str) -> None:
    info = shop(rule).features["mine"].info("mine")
    assert (info.description, info.unit) == (said, unit)
    assert info.phrase == f"{said.rstrip('.')}: {{v}} (typical {{usual}})"


def test_a_person_s_own_words_stand() -> None:
    words = (
        'description = "Bread lately"\nunit = "loaves"\nphrase = "Took {v} loaves"\n'
        'fact = "bread"\ndecimals = 1'
    )
    info = shop(f'table = "interactions"\nof = "count"\n{words}').features["mine"].info("mine")
    assert info.description == "Bread lately."
    assert (info.unit, info.phrase, info.fact, info.decimals) == (
        "loaves",
        "Took {v} loaves",
        "bread",
        1,
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('of = "count"', "needs `table` and `of`, or `ratio`"),
        ('table = "interactions"\nof = "median"', "features.mine.of"),
        ('table = "transactions"\nof = "count"\nkinds = ["play"]', "only interactions have kinds"),
        ('table = "transactions"\nof = "sum"', "takes one of the columns amount, not no column"),
        ('table = "transactions"\nof = "share"\ncolumn = "amount"', "columns none, not 'amount'"),
        ('table = "interactions"\nof = "count"\ncolumn = "value"', "columns none, not 'value'"),
        (
            'table = "interactions"\nof = "sum"\ncolumn = "value"',
            "interactions.value, which is not",
        ),
        ('table = "interactions"\nof = "share"\ncolumn = "category"', "tables.items.columns"),
        ('table = "subscriptions"\nof = "count"', "does not map it"),
        ('table = "interactions"\nof = "count"\nwindow_days = 0', "features.mine.window_days"),
        (
            'table = "interactions"\nof = "days_since_last"\nwindow_days = 7',
            "leave window_days out",
        ),
        ('ratio = ["a", "b"]\ntable = "interactions"', "a ratio has no table"),
        ('ratio = ["a"]', "features.mine.ratio"),
        ('table = "interactions"\nof = "count"\nphrase = "Did {x}"', "has the field {v}"),
        ('table = "interactions"\nof = "count"\nexpression = "1 + 1"', "expression"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(rule: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        shop(rule)
    assert said in refused.value.message
    assert refused.value.code == "S-102"


def test_a_name_that_could_not_be_a_column_is_refused() -> None:
    with pytest.raises(SettingsError, match="features"):
        shop('table = "interactions"\nof = "count"', '"drop table"')


def test_a_customer_table_alone_has_nothing_to_make_features_from() -> None:
    plain = """
format = 1
[workspace]
name = "Gym"
currency = "GBP"
[sources.people]
path = "people.csv"
[tables.customers]
source = "people"
columns = { customer_id = "id" }
attributes = { left = "left" }
[churn]
label = { kind = "given", column = "left", left = ["1"] }
[run]
features_file = "features.py"
"""
    with pytest.raises(SettingsError, match="has no times"):
        parse_config(plain)
