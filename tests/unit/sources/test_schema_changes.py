from __future__ import annotations

import pytest

from cip.sources.schema import schema_changes


def test_gone_new_and_changed_columns_are_findings_with_a_remedy():
    before = {"id": "int64", "plan": "string", "paid": "double"}
    now = {"id": "string", "paid": "double", "tariff": "string"}
    found = schema_changes(before, now, "orders")
    assert [(each.code, each.severity, each.column) for each in found] == [
        ("C-052", "warning", "plan"),
        ("C-053", "info", "tariff"),
        ("C-054", "warning", "id"),
    ]
    assert found[2].message == "column 'id' was int64 at the last load and is string now."
    assert {each.table for each in found} == {"orders"}
    assert all(each.remedy for each in found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int32", "int64"),
        ("int64", "double"),
        ("decimal128(10, 2)", "double"),
        ("string", "large_string"),
        ("string", "dictionary<values=string, indices=int32, ordered=0>"),
        ("timestamp[ms]", "timestamp[us, tz=UTC]"),
        ("date32[day]", "timestamp[us]"),
        ("null", "double"),
    ],
)
def test_a_wider_type_of_one_family_is_no_change(one: str, other: str):
    assert schema_changes({"a": one}, {"a": other}, "orders") == ()
    assert schema_changes({"a": other}, {"a": one}, "orders") == ()


@pytest.mark.parametrize("other", ["string", "bool", "timestamp[us]"])
def test_a_number_that_is_something_else_now_is_a_change(other: str):
    assert len(schema_changes({"a": "int64"}, {"a": other}, "orders")) == 1


def test_order_is_no_change_and_a_first_load_has_nothing_to_compare():
    assert schema_changes({"a": "string", "b": "bool"}, {"b": "bool", "a": "string"}, "x") == ()
    assert schema_changes({}, {"a": "string"}, "x") == ()
