"""What may be said under [churn] about changing, comparing and leaving out."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import Any

import pytest

from cip.contract.config import Config, parse_config
from cip.engine.features import CATALOGUE
from cip.errors import SettingsError
from cip.flows.changeable import bounds_of, check_changeable
from cip.models.counterfactual import Bounds

COLUMNS = ("customer_id", "occurred_at", "amount", "transaction_id")
BASE = f"""
format = 1
[workspace]
name = "w"
currency = "EUR"
[sources]
t = {{ path = "t.csv" }}
c = {{ path = "c.csv" }}
[tables.transactions]
source = "t"
columns = {{ {", ".join(f'{name} = "{name}"' for name in COLUMNS)} }}
[tables.customers]
source = "c"
columns.customer_id = "id"
attributes = {{ gender = "gender", region = "region" }}
[churn]
"""


def config(text: str) -> Config:
    return parse_config(BASE + text)


def test_bounds_are_read_as_they_are_written_and_again_from_a_summary() -> None:
    made = config(
        'changeable.spend_28d = { high = 50, direction = "up" }\n'
        'changeable.region = { values = ["North"] }'
    )
    said: dict[str, Any] = made.model_dump(mode="json")["churn"]["changeable"]
    assert bounds_of(said) == {
        "spend_28d": Bounds(high=50, direction="up"),
        "region": Bounds(values=("North",)),
    }
    check_changeable(made, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("changeable.spend_28d = { low = 5, high = 1 }", "low is 5, above high, 1"),
        ('changeable.region = { low = 1, values = ["N"] }', "give one"),
        ('changeable.spend_28d = { direction = "sideways" }', "direction"),
        ('sensitive = ["gendr"]', "did you mean 'gender'?"),
        ('leave_out = ["spend_28d"]', "no attribute of tables.customers"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match="S-102") as caught:
        config(text)
    assert words in caught.value.message


def test_a_feature_that_does_not_exist_is_said_with_the_nearest_names() -> None:
    made = config("changeable.purchase_day_28d = {}")
    with pytest.raises(SettingsError, match="S-170") as caught:
        check_changeable(made, ())
    assert "'purchase_days_28d'" in caught.value.hint


def test_the_whole_past_can_only_grow() -> None:
    made = config('changeable.failed_payments_all = { direction = "down" }')
    with pytest.raises(SettingsError, match="S-171") as caught:
        check_changeable(made, ())
    assert "failed_payments_28d" in caught.value.hint
    assert bounds_of({"failed_payments_all": {}})["failed_payments_all"].direction == "up"


def test_the_presets_change_only_what_a_business_does() -> None:
    streaming, telco = (preset(name).churn.changeable for name in ("streaming", "telco"))
    assert set(streaming) == {"current_plan", "current_price", "failed_payments_28d"}
    for price in (streaming["current_price"], telco["monthly_charges"]):
        assert (price.within, price.direction) == (0.2, "down")


def test_an_attribute_and_a_feature_of_one_s_own_may_be_changeable() -> None:
    own = CATALOGUE[0]
    check_changeable(config("changeable.region = {}"), (own,))


def preset(name: str) -> Config:
    text = (resources.files("cip.flows") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    template = Template(text)
    return parse_config(template.substitute(dict.fromkeys(template.get_identifiers(), '"f.csv"')))


@pytest.mark.parametrize("name", ["online-retail", "streaming", "telco"])
def test_the_presets_name_features_that_exist(name: str) -> None:
    made = preset(name)
    assert made.churn.changeable
    assert made.churn.sensitive
    check_changeable(made, ())
