"""From the user's columns to canonical rows, and the finding for every row that needs a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source, TableMapping
from cip.engine.bucket import bucket_of
from cip.engine.canonical import canonicalise
from cip.engine.rule import Checked
from cip.engine.source import clean_source
from cip.errors import ContractError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
TRANSACTION = {
    "customer_id": "who",
    "occurred_at": "when",
    "amount": "money",
    "transaction_id": "bill",
}
INTERACTION = {
    "customer_id": "who",
    "occurred_at": "when",
    "kind": {"constant": "play"},
    "item_id": "what",
}
Read = Callable[..., Checked]


@pytest.fixture
def read(con, tmp_path) -> Read:
    """`read("transactions", rows, columns=..., policy=...)`: the rows of a file, canonicalised."""

    def canonical(
        name: str, rows: dict[str, Any], as_of: date | None = None, **mapping: Any
    ) -> Checked:
        count = len(next(iter(rows.values())))
        table = pa.table({**rows, "source_row": pa.array(range(1, count + 1), pa.int64())})
        pq.write_table(table, tmp_path / "staged.parquet")
        source = clean_source(con, tmp_path / "staged.parquet", Source(path="file.csv"))
        model = TableMapping.model_validate({"source": "file", **mapping})
        return canonicalise(con, source.rows, name, model, now=NOW, as_of=as_of)

    return canonical


def rows_of(checked: Checked) -> list[dict[str, Any]]:
    return checked.rows.order_by("source_row").to_pyarrow().to_pylist()


def found(checked: Checked) -> dict[str, Any]:
    by_code = {finding.code: finding for finding in checked.findings}
    assert len(by_code) == len(checked.findings)
    return by_code


def bills(**columns: list) -> dict[str, list]:
    """Payments as a CSV file has them, all text, with some columns replaced."""
    rows = max((len(values) for values in columns.values()), default=2)
    return {
        "who": ["7"] * rows,
        "when": ["2024-01-05 10:00:00"] * rows,
        "money": ["2.50"] * rows,
        "bill": [f"B{n}" for n in range(rows)],
        **columns,
    }


def test_text_from_a_csv_file_becomes_text_times_and_numbers(read: Read) -> None:
    file = bills(who=[" 7 "], when=["2024-01-05 10:00"], money=["-1e3"], bill=["007"])
    checked = read("transactions", file, columns=TRANSACTION)
    assert rows_of(checked) == [
        {
            "customer_id": "7",
            "occurred_at": datetime(2024, 1, 5, 10, tzinfo=UTC),
            "amount": -1000.0,
            "transaction_id": "007",
            "source_row": 1,
            "row_key": "007\x1f7",
            "bucket": bucket_of("7"),
        }
    ]
    assert list(found(checked)) == ["C-108"]


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (pa.array([13085], pa.int64()), "13085"),
        (pa.array([13085.0], pa.float64()), "13085"),
        (pa.array(["13085.0"]), "13085"),
        (pa.array(["-3.0"]), "-3"),
        (pa.array(["1.50"]), "1.50"),
        (pa.array(["v1.0"]), "v1.0"),
        (pa.array([" Åsa\t"]), "Åsa"),
    ],
)
def test_numeric_ids_become_text_without_decimals(read: Read, ids, wanted: str) -> None:
    checked = read("transactions", bills(who=ids), columns=TRANSACTION)
    assert [row["customer_id"] for row in rows_of(checked)] == [wanted]


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        (["2024-01-05"], datetime(2024, 1, 5, tzinfo=UTC)),
        (["2024-01-05T10:00:00.123456"], datetime(2024, 1, 5, 10, 0, 0, 123456, UTC)),
        (["2024-01-05T10:00:00+02:00"], datetime(2024, 1, 5, 8, tzinfo=UTC)),
        (["2024-01-05T10:00:00Z"], datetime(2024, 1, 5, 10, tzinfo=UTC)),
        ([datetime(2024, 1, 5, 10)], datetime(2024, 1, 5, 10, tzinfo=UTC)),  # noqa: DTZ001 (naive)
        ([date(2024, 1, 5)], datetime(2024, 1, 5, tzinfo=UTC)),
        (
            pa.array([datetime(2024, 1, 5, 8, tzinfo=UTC)], pa.timestamp("ns", "Europe/Berlin")),
            datetime(2024, 1, 5, 8, tzinfo=UTC),
        ),
    ],
)
def test_times_become_utc_and_those_without_a_zone_are_utc_already(
    read: Read, times, wanted: datetime
) -> None:
    checked = read("transactions", bills(when=times), columns=TRANSACTION)
    assert checked.findings == []
    assert [row["occurred_at"] for row in rows_of(checked)] == [wanted]
    assert checked.rows.to_pyarrow().schema.field("occurred_at").type == pa.timestamp("us", "UTC")


def test_a_product_of_columns_is_an_amount(read: Read) -> None:
    file = bills(money=["2.5", "2.5", "", "x"]) | {"pieces": ["4", "-1", "3", "3"]}
    columns = TRANSACTION | {"amount": {"product": ["pieces", "money"]}}
    checked = read("transactions", file, columns=columns, policy={"bad_values": "drop"})
    assert [row["amount"] for row in rows_of(checked)] == [10.0, -2.5]
    findings = found(checked)
    # an empty factor is an empty amount, an unreadable one an unreadable amount
    assert (findings["C-105"].first_row, findings["C-102"].first_row) == (3, 4)
    assert findings["C-102"].example == "3 × x"


def test_bad_values_are_refused_with_their_first_row_and_an_example(read: Read) -> None:
    file = bills(
        when=["2024-01-05"] * 3 + ["13/45/2024", "soon"], money=["1", "1,50", "two", "1", "1"]
    )
    checked = read("transactions", file, columns=TRANSACTION)
    money, when = checked.findings[1], checked.findings[0]
    if money.column != "amount":
        money, when = when, money
    assert (money.code, money.severity, money.rows, money.total_rows) == ("C-102", "error", 2, 5)
    assert (money.first_row, money.example) == (2, "1,50")
    assert (when.column, when.rows, when.first_row) == ("occurred_at", 2, 4)
    assert money.message == (
        "transactions.amount has 2 of 5 rows whose value is not a number "
        "(first: row 2, '1,50'): refused."
    )
    assert "bad_values" in money.remedy


def test_bad_values_are_dropped_where_the_policy_says_so(read: Read) -> None:
    checked = read(
        "transactions",
        bills(money=["1", "x", "inf", "nan", "", "6"]),
        columns=TRANSACTION,
        policy={"bad_values": "drop"},
    )
    assert [row["source_row"] for row in rows_of(checked)] == [1, 6]
    findings = found(checked)
    assert {code: finding.rows for code, finding in findings.items()} == {
        "C-102": 1,
        "C-105": 1,
        "C-110": 2,
    }
    assert {finding.severity for finding in findings.values()} == {"warning"}


def test_a_nan_in_a_column_of_floats_is_an_empty_cell(read: Read) -> None:
    file = bills(money=pa.array([1.0, float("nan"), None, float("inf")]))
    checked = read("transactions", file, columns=TRANSACTION, policy={"bad_values": "drop"})
    assert {code: finding.rows for code, finding in found(checked).items()} == {
        "C-105": 2,
        "C-110": 1,
    }


def test_times_in_the_far_past_or_the_future_are_findings(read: Read) -> None:
    times = ["1989-12-31 23:59:59", "1990-01-01", "2024-06-02 12:00:00", "2024-06-02 12:00:01"]
    checked = read("transactions", bills(when=times), columns=TRANSACTION)
    findings = found(checked)
    assert (findings["C-104"].rows, findings["C-104"].first_row) == (1, 1)
    assert (findings["C-103"].rows, findings["C-103"].first_row) == (1, 4)
    assert findings["C-103"].severity == "error"


def test_rows_after_the_stated_end_of_the_data_are_left_out(read: Read) -> None:
    times = ["2024-03-31 23:59:59.999999", "2024-04-01", "2031-01-01", "2024-03-31"]
    checked = read("transactions", bills(when=times), columns=TRANSACTION, as_of=date(2024, 3, 31))
    assert [row["source_row"] for row in rows_of(checked)] == [1, 4]
    (late,) = checked.findings  # a time in the future is one of them, and no error of its own
    assert (late.code, late.severity, late.rows, late.first_row) == ("C-117", "warning", 2, 2)
    assert "after the stated end of the data, 2024-03-31" in late.message
    assert late.example == "2024-04-01"


def test_a_repeated_row_after_the_end_is_a_repetition(read: Read) -> None:
    file = bills(when=["2024-04-02"] * 2 + ["2024-03-01"]) | {"what": ["tea"] * 3}
    del file["bill"]
    options = {"columns": INTERACTION, "as_of": date(2024, 3, 31)}
    dropped = found(read("interactions", file, policy={"duplicates": "drop"}, **options))
    assert (dropped["C-111"].rows, dropped["C-117"].rows) == (1, 1)
    kept = found(read("interactions", file, policy={"duplicates": "keep"}, **options))
    assert {code: finding.rows for code, finding in kept.items()} == {"C-117": 2}


def test_a_value_beyond_its_limits_counts_as_unknown_and_its_row_stays(read: Read) -> None:
    checked = read(
        "customers",
        {"who": ["1", "2", "3", "4", "5"], "years": ["-7", "0", "120", "120.5", ""]},
        columns={"customer_id": "who"},
        attributes={"age": "years"},
        limits={"age": [0, 120]},
    )
    assert [row["age"] for row in rows_of(checked)] == [None, 0.0, 120.0, None, None]
    below, above, missing = checked.findings
    assert (below.code, below.severity, below.column) == ("C-118", "warning", "age")
    assert (below.rows, below.first_row, below.example) == (1, 1, "-7")
    assert (above.rows, above.first_row, above.example) == (1, 4, "120.5")
    assert "above 120" in above.message
    assert "the value counts as unknown" in above.message
    assert (missing.code, missing.rows, missing.total_rows) == ("C-140", 3, 5)


def test_below_zero_is_told_apart_from_too_small(read: Read) -> None:
    checked = read(
        "customers",
        {"who": ["1", "2", "3", "4"], "years": ["-7", "0", "12", "13"]},
        columns={"customer_id": "who"},
        attributes={"age": "years"},
        limits={"age": [13, 100]},
    )
    assert [row["age"] for row in rows_of(checked)] == [None, None, None, 13.0]
    beyond = [f for f in checked.findings if f.code == "C-118"]
    assert [(f.rows, f.first_row) for f in beyond] == [(1, 1), (2, 2)]
    assert "below 0," in beyond[0].message
    assert "from 0 to below 13" in beyond[1].message


def test_missing_values_are_one_finding_a_table_the_emptiest_column_first(read: Read) -> None:
    checked = read(
        "customers",
        {
            "who": ["1", "2", "3", "4"],
            "sex": ["f", "", "f", "m"],
            "town": ["", "", "Ulm", ""],
            "land": ["x", "y", "x", "y"],
        },
        columns={"customer_id": "who"},
        attributes={"gender": "sex", "city": "town", "country": "land"},
    )
    (lacking,) = [f for f in checked.findings if f.code == "C-140"]
    assert (lacking.severity, lacking.rows, lacking.total_rows) == ("info", 3, 4)
    assert "of 4 rows: city in 3 (75.0%), gender in 1 (25.0%). Kept" in lacking.message


def test_a_finding_says_among_how_many_rows_its_rule_looked(read: Read) -> None:
    late = ["2024-01-01", "2024-02-01", "2024-02-01", "2024-01-02"]
    file = {"who": ["a", "b", "b", "c"], "when": late, "what": ["tea"] * 4}
    options = {"columns": INTERACTION, "as_of": date(2024, 1, 15)}
    findings = found(read("interactions", file, policy={"duplicates": "drop"}, **options))
    assert (findings["C-111"].rows, findings["C-111"].total_rows) == (1, 4)
    assert (findings["C-117"].rows, findings["C-117"].total_rows) == (1, 3)
    assert "1 of 3 rows" in findings["C-117"].message
    assert findings["C-117"].message.endswith("Rows left out before: 1.")


def test_limits_hold_for_a_canonical_number_too(read: Read) -> None:
    file = bills(money=["5", "900"]) | {"what": ["tea"] * 2}
    checked = read(
        "interactions", file, columns=INTERACTION | {"value": "money"}, limits={"value": [0, 600]}
    )
    assert [row["value"] for row in rows_of(checked)] == [5.0, None]


@pytest.mark.parametrize(
    ("policy", "rows"), [("keep", {"C-128": 2}), ("drop", {"C-111": 1, "C-128": 1})]
)
def test_equal_rows_of_an_attribute_table_are_told_where_they_are_to_go(
    read: Read, policy: str, rows: dict
) -> None:
    checked = read(
        "customers",
        {"who": ["7", "8", "8", "7"], "land": ["DE", "FR", "FR", "ES"]},
        columns={"customer_id": "who"},
        policy={"duplicates": policy},
    )
    assert {code: finding.rows for code, finding in found(checked).items()} == rows
    assert [row["customer_id"] for row in rows_of(checked)] == ["7", "8"]


@pytest.mark.parametrize(("policy", "severity"), [("refuse", "error"), ("drop", "info")])
def test_guests_are_refused_or_dropped(read: Read, policy: str, severity: str) -> None:
    file = bills(who=["7", "", None, " "])
    checked = read("transactions", file, columns=TRANSACTION, policy={"guests": policy})
    guests = found(checked)["C-106"]
    assert (guests.severity, guests.rows, guests.first_row) == (severity, 3, 2)
    assert [row["source_row"] for row in rows_of(checked)] == [1]


def test_a_row_is_counted_by_the_first_rule_that_removes_it(read: Read) -> None:
    file = bills(who=["", "7"], money=["x", "x"])
    policy = {"guests": "drop", "bad_values": "drop"}
    checked = read("transactions", file, columns=TRANSACTION, policy=policy)
    assert (found(checked)["C-106"].rows, found(checked)["C-102"].rows) == (1, 1)


def test_rows_that_are_gone_are_not_counted_among_the_kept(read: Read) -> None:
    file = bills(who=["", "", "7", "7"]) | {"what": ["tea"] * 4}
    del file["bill"]
    checked = read("interactions", file, columns=INTERACTION, policy={"guests": "drop"})
    assert (found(checked)["C-106"].rows, found(checked)["C-111"].rows) == (2, 1)


def test_excluded_values_are_dropped(read: Read) -> None:
    file = bills() | {"what": ["POST ", "tea"]}
    checked = read(
        "interactions", file, columns=INTERACTION, exclude={"item_id": ["POST", "BANK CHARGES"]}
    )
    assert [row["item_id"] for row in rows_of(checked)] == ["tea"]
    excluded = found(checked)["C-107"]
    assert (excluded.rows, excluded.first_row, excluded.example) == (1, 1, "POST")


@pytest.mark.parametrize(("policy", "kept"), [("keep", [5.0, -2.0, 0.0]), ("drop", [5.0])])
def test_refunds_and_zero_amounts_follow_their_policy(read: Read, policy, kept) -> None:
    checked = read(
        "transactions",
        bills(money=["5", "-2", "0"]),
        columns=TRANSACTION,
        policy={"refunds": policy, "zero_amounts": policy},
    )
    assert [row["amount"] for row in rows_of(checked)] == kept
    findings = found(checked)
    assert (findings["C-108"].rows, findings["C-109"].rows) == (1, 1)
    assert {finding.severity for finding in findings.values()} == {"info"}


def test_lines_of_a_bill_add_up_to_one_payment(read: Read) -> None:
    file = bills(
        bill=["B1", "B1", "B2", "B1"],
        who=["7", "7", "7", "8"],
        money=["0.1", "0.2", "-1", "9"],
        when=["2024-01-05 10:01", "2024-01-05 10:00", "2024-01-06", "2024-01-07"],
    )
    file["seen"] = ["2024-02-01", "2024-02-03", "2024-02-02", "2024-02-02"]
    columns = TRANSACTION | {"known_at": "seen"}
    checked = read("transactions", file, columns=columns, add_up=True)
    rows = rows_of(checked)
    assert [(row["transaction_id"], row["customer_id"]) for row in rows] == [
        ("B1", "7"),
        ("B2", "7"),
        ("B1", "8"),
    ]
    assert [row["amount"] for row in rows] == [0.3, -1.0, 9.0]  # not 0.30000000000000004
    assert rows[0]["occurred_at"] == datetime(2024, 1, 5, 10, tzinfo=UTC)
    assert rows[0]["known_at"] == datetime(2024, 2, 3, tzinfo=UTC)  # when all of it was known
    assert (rows[0]["source_row"], found(checked)["C-108"].rows) == (1, 1)


@pytest.mark.parametrize(("policy", "severity"), [("refuse", "error"), ("drop", "warning")])
def test_the_same_key_twice_is_refused_unless_it_adds_up(read: Read, policy, severity) -> None:
    file = bills(bill=["B1", "B1", "B2"], money=["1", "2", "3"])
    checked = read("transactions", file, columns=TRANSACTION, policy={"bad_values": policy})
    twice = found(checked)["C-112"]
    assert (twice.severity, twice.rows, twice.first_row) == (severity, 1, 2)
    assert "add_up" in twice.remedy
    assert [row["amount"] for row in rows_of(checked)] == [1.0, 3.0]


@pytest.mark.parametrize(("policy", "kept"), [("keep", [1, 2, 3]), ("drop", [1, 3])])
def test_equal_rows_of_the_source_follow_the_policy(read: Read, policy, kept) -> None:
    file = bills() | {"who": ["7"] * 3, "when": ["2024-01-05"] * 3, "money": ["1"] * 3}
    file |= {"bill": ["B1"] * 3, "what": ["tea", "tea", "milk"]}
    checked = read("interactions", file, columns=INTERACTION, policy={"duplicates": policy})
    assert [row["source_row"] for row in rows_of(checked)] == kept
    assert (found(checked)["C-111"].rows, found(checked)["C-111"].first_row) == (1, 2)


def test_rows_that_differ_only_in_columns_not_mapped_are_no_duplicates(read: Read) -> None:
    file = bills(bill=["B1", "B1"]) | {"colour": ["red", "blue"]}
    checked = read(
        "transactions", file, columns=TRANSACTION, add_up=True, policy={"duplicates": "drop"}
    )
    assert [row["amount"] for row in rows_of(checked)] == [5.0]
    assert {code: finding.left_out for code, finding in found(checked).items()} == {"C-129": 1}


def test_rows_of_a_table_without_key_are_named_by_content_and_repetition(read: Read) -> None:
    file = bills(who=["7", "7", "8"]) | {"what": ["tea", "tea", None]}
    keys = [row["row_key"] for row in rows_of(read("interactions", file, columns=INTERACTION))]
    assert len(set(keys)) == 3
    assert [key[-2:] for key in keys] == ["-0", "-1", "-0"]
    assert keys[0][:-2] == keys[1][:-2]
    # the same facts in another order of the file, with a line more
    longer = bills(who=["8", "7", "9", "7"]) | {"what": [None, "tea", "tea", "tea"]}
    later = [row["row_key"] for row in rows_of(read("interactions", longer, columns=INTERACTION))]
    assert set(keys) < set(later)


def test_a_cell_that_holds_the_neighbours_text_makes_another_key(read: Read) -> None:
    one = read("transactions", bills(bill=["a-b"], who=["c"]), columns=TRANSACTION)
    two = read("transactions", bills(bill=["a"], who=["b-c"]), columns=TRANSACTION)
    assert rows_of(one)[0]["row_key"] != rows_of(two)[0]["row_key"]


def test_attributes_take_the_most_frequent_value_and_of_equals_the_smallest(read: Read) -> None:
    file = {
        "who": ["7", "7", "7", "8", "8", "9", ""],
        "land": ["DE", "FR", "FR", "UK", "ES", None, "XX"],
        "age": ["30", "30", "30", "41", None, "52", "1"],
    }
    checked = read(
        "customers",
        file,
        columns={"customer_id": "who"},
        attributes={"country": "land", "age": "age"},
        attribute_types={"age": "number"},
        policy={"guests": "drop"},
    )
    assert rows_of(checked) == [
        {
            "customer_id": customer,
            "country": country,
            "age": age,
            "source_row": row,
            "row_key": customer,
            "bucket": bucket_of(customer),
        }
        for customer, country, age, row in [
            ("7", "FR", 30.0, 1),
            ("8", "ES", 41.0, 4),
            ("9", None, 52.0, 6),
        ]
    ]
    findings = found(checked)
    conflict = findings["C-113"]
    assert (conflict.column, conflict.rows, conflict.total_rows) == ("country", 2, 3)
    assert (conflict.first_row, conflict.example) == (1, "7")
    assert findings["C-106"].rows == 1


def test_an_attribute_may_have_any_name_that_the_engine_uses_inside(read: Read) -> None:
    inside = ["first", "votes", "place", "values", "rows", "said", "example", "day", "kind", "age"]
    file = {"who": ["1", "1", "2"]} | {name: ["a", "a", "b"] for name in inside}
    attributes = {name: name for name in inside}
    checked = read("customers", file, columns={"customer_id": "who"}, attributes=attributes)
    assert [[row[name] for name in inside] for row in rows_of(checked)] == [["a"] * 10, ["b"] * 10]


def test_attributes_of_a_typed_file_keep_their_type(read: Read) -> None:
    file = {"what": ["a"], "colour": ["red"], "weight": pa.array([2], pa.int32())}
    attributes = {"colour": "colour", "weight": "weight"}
    checked = read("items", file, columns={"item_id": "what"}, attributes=attributes)
    assert rows_of(checked)[0]["weight"] == 2.0
    assert "bucket" not in checked.rows.columns


def test_a_missing_column_is_named_with_those_there_and_the_nearest(read: Read) -> None:
    with pytest.raises(ContractError) as refused:
        read("transactions", bills(), columns=TRANSACTION | {"amount": "Mony"})
    assert refused.value.code == "C-101"
    assert "transactions.amount" in refused.value.message
    assert "'who', 'when', 'money', 'bill'" in refused.value.message
    assert refused.value.hint == "did you mean 'money'?"


def test_a_factor_that_is_missing_is_named_too(read: Read) -> None:
    columns = TRANSACTION | {"amount": {"product": ["money", "pieces"]}}
    with pytest.raises(ContractError, match="'pieces'"):
        read("transactions", bills(), columns=columns)


def test_a_table_of_very_many_attributes_elects_each_by_itself(read: Read) -> None:
    names = ["customer_id_right", "said", "votes", *(f"a{place}" for place in range(60))]
    rows = {"who": ["7", "8", "7", "7"], **{name: ["x", "y", name, name] for name in names}}
    checked = read(
        "customers",
        rows,
        columns={"customer_id": "who"},
        attributes={name: name for name in names},
    )
    made = checked.rows.order_by("customer_id").to_pyarrow().to_pylist()
    assert [row["customer_id"] for row in made] == ["7", "8"]
    assert all(made[0][name] == name and made[1][name] == "y" for name in names)
    assert len([each for each in checked.findings if each.code == "C-113"]) == len(names)


def test_an_attribute_may_not_take_a_name_of_the_product(read: Read) -> None:
    with pytest.raises(ContractError, match="bucket") as refused:
        read(
            "customers",
            {"who": ["7"]},
            columns={"customer_id": "who"},
            attributes={"bucket": "who"},
        )
    assert refused.value.code == "C-116"


def test_a_table_with_no_row_left_is_an_error(read: Read) -> None:
    checked = read(
        "transactions", bills(who=["", ""]), columns=TRANSACTION, policy={"guests": "drop"}
    )
    assert found(checked)["C-115"].severity == "error"
    assert rows_of(checked) == []


def test_clean_rows_have_no_findings(read: Read) -> None:
    assert read("transactions", bills(), columns=TRANSACTION).findings == []
