"""Search finds by id, by part of a name and by misspelt names, and takes any text as text."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.stores.lookup import Lookup, write_lookup

REASONS = [{"fact": "recency", "sentence": "Last bought 200 days ago", "points": 0.3}]
NAMES = ["Karin Sandoberg", "Paul Sandoberg", "Ólöf O'Neill", None, "Jonas Kasmark", "Karin Ek"]
IDS = ["12346", "12347", "99", "12350", "C-77", "D%_5"]


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lookup]:
    path = tmp_path_factory.mktemp("a #1 ? folder") / "lookup.sqlite"
    write_lookup(
        path,
        pa.table(
            {
                "rank": range(1, 7),
                "customer_id": IDS,
                "name": NAMES,
                "p_churn": [0.9, 0.8, 0.7, 0.6, 0.5, None],
                "country": ["SE"] * 6,
                "reasons": [json.dumps(REASONS)] * 5 + [None],
            }
        ),
    )
    found = Lookup(path)
    yield found
    found.close()


def ranks(lookup: Lookup, text: str, limit: int = 10) -> list[int]:
    return [row["rank"] for row in lookup.search(text, limit)]


def test_a_customer_comes_back_with_facts_attributes_and_reasons(lookup: Lookup) -> None:
    assert lookup.customer("12346") == {
        "rank": 1,
        "customer_id": "12346",
        "name": "Karin Sandoberg",
        "p_churn": 0.9,
        "country": "SE",
        "reasons": REASONS,
    }
    assert lookup.customer("1234") is None
    last = lookup.customer("D%_5")
    assert last is not None
    assert last["p_churn"] is None
    assert last["reasons"] == []


def test_the_beginning_of_an_id_finds_customers_in_order_of_id(lookup: Lookup) -> None:
    assert ranks(lookup, "1234") == [1, 2]
    assert ranks(lookup, "12", limit=1) == [1]
    assert ranks(lookup, "  99 ") == [3]


def test_part_of_a_name_finds_customers_in_order_of_what_is_at_stake(lookup: Lookup) -> None:
    assert ranks(lookup, "sando") == [1, 2]
    assert ranks(lookup, "KARIN") == [1, 6]
    assert ranks(lookup, "sandoberg paul") == [2]
    assert ranks(lookup, "karin", limit=1) == [1]


def test_a_misspelt_name_is_found(lookup: Lookup) -> None:
    assert ranks(lookup, "Sandeberg") == [1, 2]
    assert ranks(lookup, "karn sandobreg") == [1]
    assert ranks(lookup, "Kasmrak") == [5]
    assert ranks(lookup, "Zzyzx") == []


@pytest.mark.parametrize(
    "text",
    [
        "'; drop table customer; --",
        '" OR 1=1 --',
        "name: karin",
        "kar*",
        "^karin",
        "NEAR(a b)",
        "%",
    ],
)
def test_text_that_looks_like_a_query_is_only_text(lookup: Lookup, text: str) -> None:
    assert len(lookup.search(text)) <= 2
    assert lookup.customer(text) is None
    assert lookup.customer("12346") is not None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=40))
def test_no_text_breaks_the_search(lookup: Lookup, text: str) -> None:
    assert all(row["customer_id"] in IDS for row in lookup.search(text))
    assert lookup.customer(text) is None or text.replace("\0", "").strip() in IDS


def test_many_threads_search_at_once(lookup: Lookup) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: ranks(lookup, "sando"), range(64)))
    assert found == [[1, 2]] * 64


def test_the_file_is_opened_for_reading_only(lookup: Lookup) -> None:
    with lookup._connection() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("delete from customer")
