from __future__ import annotations

import pytest
from tests.unit.contract.lines import LINES

from cip.contract.config import parse_config
from cip.errors import SettingsError

GOOD = LINES + 'columns.amount = { product = ["quantity", "price"] }\n'


def test_a_right_file_becomes_typed_settings_with_defaults() -> None:
    config = parse_config(GOOD)
    assert config.workspace.currency == "GBP"
    assert config.tables["transactions"][0].columns["amount"].product == ("quantity", "price")
    assert config.snapshot.horizon_days == 90
    assert config.tables["transactions"][0].policy.guests == "refuse"


def test_equal_files_have_equal_fingerprints_and_other_files_do_not() -> None:
    changed = GOOD.replace('"price"', '"cost"')
    assert parse_config(GOOD).fingerprint() == parse_config(GOOD + "\n# a remark").fingerprint()
    assert parse_config(GOOD).fingerprint() != parse_config(changed).fingerprint()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda t: t.replace('source = "lines"', 'source = "linez"'), "'linez'"),
        (lambda t: t.replace('columns.amount = { product = ["quantity", "price"] }', ""), "amount"),
        (lambda t: t.replace("columns.amount", "columns.amuont"), "amount"),
        (lambda t: t + "columns.colour = 'c'\n", "'colour'"),
        (lambda t: t + "attributes.country = 'Country'\n", "only customers and items"),
        (lambda t: t + "exclude.item_id = ['M']\n", "'item_id'"),
        (lambda t: t + "limits.amount = [0, 9]\n", "only a number that may be empty"),
        (lambda t: t + "limits.amuont = [0, 9]\n", "'amuont' is not mapped"),
        (lambda t: t + "limits.amount = [9, 0]\n", "must rise"),
        (lambda t: t + "[churn]\nbands = [0.6, 0.3]\n", "churn.bands must rise"),
        (lambda t: t + "[churn]\nbands = [0.0, 0.3]\n", "between 0 and 1"),
        (lambda t: t + "[churn]\nthreshold = 2\n", "churn.threshold"),
        (lambda t: t + "[chrun]\n", "chrun"),
        (lambda t: t.replace("format = 1", "format = 2"), "format"),
        (lambda t: t.replace('"GBP"', '"pounds"'), "workspace.currency"),
        (lambda t: t.replace("[tables.transactions]", "[tables.payments]"), "tables.payments"),
        (lambda t: t + "[", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_that_is_wrong(edit, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_config(edit(GOOD), "shop/cip.toml")
    assert said in caught.value.message
    assert "shop/cip.toml" in caught.value.message
    assert caught.value.hint


def test_the_truth_is_known_of_simulated_data_alone_and_nobody_has_to_say_it() -> None:
    head = 'currency = "GBP"'
    assert not parse_config(GOOD.replace(head, f"{head}\nsimulated = true")).workspace.truth_known
    both = f"{head}\nsimulated = true\ntruth_known = true"
    assert parse_config(GOOD.replace(head, both)).workspace.truth_known
    with pytest.raises(SettingsError, match="truth_known needs simulated"):
        parse_config(GOOD.replace(head, f"{head}\ntruth_known = true"))


def test_all_wrong_places_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_config(GOOD + "[churn]\nthreshold = 2\n[value]\nmargin = 0\n")
    assert "churn.threshold" in caught.value.message
    assert "value.margin" in caught.value.message


def test_transactions_are_required_because_churn_and_value_are_read_from_them() -> None:
    text = GOOD.replace("[tables.transactions]", "[tables.items]")
    for line in ("customer_id", "transaction_id", "occurred_at", "amount"):
        text = "\n".join(row for row in text.splitlines() if f"columns.{line}" not in row)
    with pytest.raises(SettingsError, match=r"tables\.transactions is missing"):
        parse_config(text + '\ncolumns.item_id = "sku"\n')


def test_a_table_may_come_from_several_sources_but_attributes_from_one() -> None:
    part = """
[[tables.interactions]]
source = "lines"
columns.customer_id = "who"
columns.occurred_at = "when"
columns.kind = { constant = "play" }
"""
    assert len(parse_config(GOOD + part + part).tables["interactions"]) == 2
    items = '[[tables.items]]\nsource = "lines"\ncolumns.item_id = "sku"\n'
    with pytest.raises(SettingsError, match="attributes take one"):
        parse_config(GOOD + items + items)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ('kind = "inactivity"', "active_kinds"),
        ('kind = "inactivity"\nactive_kinds = ["play"]', r"tables\.interactions is missing"),
        ('kind = "cancellation"', r"tables\.subscriptions is missing"),
        ('kind = "given"', "needs its column"),
        ('kind = "given"\ncolumn = "is_active"\nleft = ["No"]', "has no date"),
    ],
)
def test_a_label_that_the_tables_cannot_give_is_refused(label: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_config(f"{GOOD}[churn.label]\n{label}\n")


CUSTOMERS = """
[tables.customers]
source = "lines"
columns.customer_id = "who"
attributes.age = "years"
"""


def test_limits_of_an_attribute_are_read_and_make_it_a_number() -> None:
    config = parse_config(GOOD + CUSTOMERS + "limits.age = [0, 120]\n")
    assert config.tables["customers"][0].limits == {"age": (0.0, 120.0)}
    with pytest.raises(SettingsError, match="no number"):
        parse_config(GOOD + CUSTOMERS + 'limits.age = [0, 1]\nattribute_types.age = "text"\n')


def test_units_are_said_of_attributes_that_are_numbers() -> None:
    config = parse_config(GOOD + CUSTOMERS + 'units = { age = "years" }\n')
    assert config.tables["customers"][0].units == {"age": "years"}
    assert parse_config(GOOD + CUSTOMERS).tables["customers"][0].units == {}
    for wrong, said in (
        ('units.size = "cm"', "no attribute"),
        ('units.age = "years"\nattribute_types.age = "text"', "no number"),
        ('units.age = "{v}"', "no unit"),
        ('units.age = ""', "no unit"),
    ):
        with pytest.raises(SettingsError, match=said):
            parse_config(f"{GOOD}{CUSTOMERS}{wrong}\n")


def test_a_given_label_is_an_attribute_that_the_customers_have() -> None:
    also = '[[churn.also]]\nkind = "given"\ncolumn = "is_active"\nleft = ["No"]\n'
    with pytest.raises(SettingsError, match=r"no attribute of tables\.customers"):
        parse_config(GOOD + also)


@pytest.mark.parametrize(
    "engine",
    ["duckdb", "spark", "spark://host.lan:7077", "local[2]", "local[*]", "local-cluster[2,1,1024]"],
)
def test_the_engine_is_duckdb_or_a_spark_master(engine: str) -> None:
    assert parse_config(GOOD).run.engine == "duckdb"
    assert parse_config(f'{GOOD}\n[run]\nengine = "{engine}"').run.engine == engine


@pytest.mark.parametrize(
    "engine", ["sparc", "spark://", "spark://host", "local", "local-cluster[2,1]", "postgres", ""]
)
def test_another_engine_is_refused_with_those_there_are(engine: str) -> None:
    with pytest.raises(SettingsError, match="an engine is 'duckdb', 'spark'") as refused:
        parse_config(f'{GOOD}\n[run]\nengine = "{engine}"')
    assert "run.engine" in refused.value.message


def test_costs_and_calibration_have_defaults_that_claim_nothing() -> None:
    churn = parse_config(GOOD).churn
    assert churn.calibration == "auto"
    assert (churn.costs.clv, churn.costs.offer, churn.costs.contact) == (None, None, None)
    assert churn.costs.accept * churn.costs.asked == 6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[churn]\ncalibration = 'beta'\n", "churn.calibration"),
        ("[churn.costs]\nclv = 0\n", "churn.costs.clv"),
        ("[churn.costs]\noffer = -1\n", "churn.costs.offer"),
        ("[churn.costs]\naccept = 1\n", "churn.costs.accept"),
    ],
)
def test_costs_that_cannot_be_are_refused_with_their_place(line: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_config(GOOD + line)
