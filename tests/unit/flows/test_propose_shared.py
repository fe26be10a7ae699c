"""What `cip init --from` makes of public data: the right roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cip.contract.config import Config, parse_config
from cip.flows.actors import local_owner
from cip.flows.propose import Proposal, look_at, propose, text_of, with_histories

pytestmark = pytest.mark.shared_data


def _proposed(*wanted: Path) -> tuple[Config, Proposal]:
    look = look_at([str(path) for path in wanted], Path("nowhere"), actor=local_owner())
    look = with_histories(look, propose(look))
    proposal = propose(look)
    return parse_config(text_of(proposal)), proposal


def _shapes(proposal: Proposal) -> dict[str, str]:
    return {shape.place.removesuffix(".is"): shape.value for shape in proposal.shapes}


def _origins(proposal: Proposal, table: str) -> dict[str, Any]:
    guess = next(guess for guess in proposal.tables if guess.name == table)
    return {column.name: column.origin for column in guess.columns}


def test_telco_is_one_customer_table_with_a_label(shared_data: Path) -> None:
    config, proposal = _proposed(shared_data / "telco")
    assert set(config.tables) == {"customers"}
    assert config.churn.label.left == ("Yes",)
    assert config.churn.label.column == "churn"
    assert len(config.tables["customers"][0].attributes) == 20
    assert proposal.rhythm is None


def test_cdnow_is_payments_without_an_id(shared_data: Path) -> None:
    config, proposal = _proposed(shared_data / "cdnow" / "cdnow_master.parquet")
    assert _origins(proposal, "transactions") == {
        "customer_id": "customer_id",
        "transaction_id": {"join": ["customer_id", "date"]},
        "occurred_at": "date",
        "amount": "dollar_value",
    }
    assert config.workspace.currency == "USD"
    assert config.churn.label.kind == "purchase"


def test_online_retail_is_invoice_lines(shared_data: Path) -> None:
    config, proposal = _proposed(shared_data / "online-retail-ii")
    assert _origins(proposal, "transactions") == {
        "customer_id": "Customer ID",
        "transaction_id": "Invoice",
        "occurred_at": "InvoiceDate",
        "amount": {"product": ["Quantity", "Price"]},
    }
    assert _origins(proposal, "items") == {"item_id": "StockCode", "title": "Description"}
    assert config.tables["transactions"][0].policy.guests == "drop"
    assert {n: o.column for n, o in config.tables["customers"][0].attributes.items()} == {
        "country": "Country"
    }
    assert config.snapshot.horizon_days == 90


def test_movielens_is_ratings_users_and_items(shared_data: Path) -> None:
    folder = shared_data / "movielens-100k"
    files = [folder / f"{name}.parquet" for name in ("items", "ratings", "users")]
    config, proposal = _proposed(*files)
    assert _shapes(proposal) == {"items": "items", "ratings": "events", "users": "customers"}
    assert _origins(proposal, "interactions") == {
        "customer_id": "user_id",
        "occurred_at": {"column": "timestamp", "time_format": "epoch_s"},
        "kind": {"constant": "rate"},
        "item_id": "item_id",
        "value": "rating",
    }
    assert config.churn.label.active_kinds == ("rate",)
    assert config.recommend.kinds == ("rate",)


def test_netflix_is_a_service_with_six_files(shared_data: Path) -> None:
    config, proposal = _proposed(shared_data / "netflix-2025")
    assert _shapes(proposal) == {
        "movies": "items",
        "recommendation_logs": "events",
        "reviews": "events",
        "search_logs": "events",
        "users": "members",
        "watch_history": "events",
    }
    kinds = {
        table.source: table.origin("kind")
        for table in proposal.tables
        if table.name == "interactions"
    }
    assert kinds["watch_history"] == {"constant": "play"}
    assert kinds["reviews"] == {"constant": "rate"}
    assert kinds["search_logs"] == {"constant": "search"}
    assert kinds["recommendation_logs"] == {
        "column": "was_clicked",
        "values": {"False": "impression", "True": "click"},
    }
    assert all(
        part.policy.duplicates == "drop" for parts in config.tables.values() for part in parts
    )
    assert config.churn.label.kind == "inactivity"
    assert config.churn.label.active_kinds == ("play",)
    assert [label.column for label in config.churn.also] == ["is_active"]
    assert _origins(proposal, "customers")["name"] == {"join": ["first_name", "last_name"]}
    assert _origins(proposal, "items")["category"] == "genre_primary"


def test_the_open_university_has_a_label_in_words(shared_data: Path) -> None:
    config, proposal = _proposed(shared_data / "oulad")
    assert _shapes(proposal)["student_info"] == "customers"
    assert config.churn.label.column == "final_result"
    assert config.churn.label.left == ("Withdrawn",)
    assert config.tables["customers"][0].columns["customer_id"].column == "id_student"  # type: ignore[union-attr]
    assert any("rows a customer" in guess.doubt for guess in proposal.questions)
