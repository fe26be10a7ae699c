"""What `cip init --from` makes of data it never saw: roles found, a file that parses and checks."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.contract.config import Config, parse_config
from cip.contract.mapping import FromColumn
from cip.errors import CipError
from cip.flows.actors import local_owner
from cip.flows.check import check
from cip.flows.propose import Look, Proposal, look_at, propose, text_of, with_histories, write
from cip.settings import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2023, 1, 2, 8, 30, tzinfo=UTC)
PEOPLE = 60


@dataclass(frozen=True)
class Event:
    """Somebody did something at some time: what all these files are made of."""

    who: int
    at: datetime
    item: int
    quantity: int
    price: float
    order: int


class _Draw:
    """Seeded draws as Python values."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def random(self) -> float:
        return float(self._rng.random())

    def uniform(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def randint(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def choice(self, values: Sequence[Any]) -> Any:
        return values[self.randint(0, len(values) - 1)]


def _events(seed: int = 1) -> list[Event]:
    draw = _Draw(seed)
    found, order = [], 0
    for who in range(1, PEOPLE + 1):
        at = START + timedelta(days=draw.uniform(0, 60))
        while at < START + timedelta(days=draw.uniform(150, 560)):
            order += 1
            for _ in range(draw.choice((1, 1, 2, 3))):
                price = round(draw.uniform(2, 2500), 2)
                found.append(Event(who, at, draw.randint(1, 40), draw.randint(1, 5), price, order))
            at += timedelta(days=draw.uniform(1, 40), seconds=draw.randint(0, 9999))
    return found


EVENTS = _events()
ORDERS = list({event.order: event for event in EVENTS}.values())


def _write(
    path: Path, rows: Sequence[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        out = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        out.writeheader()
        out.writerows(rows)


def _comma(value: float) -> str:
    """1234.5 as a German writes it: 1.234,50."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


class _Quiet:
    def step(self, name: str, what: str) -> None:
        pass

    def done(self, name: str, rows: int | None, seconds: float, said: str = "") -> None:
        pass


def _look(folder: Path, *wanted: str) -> tuple[Look, Proposal]:
    look = look_at(list(wanted) or [str(folder)], folder / "shop", actor=local_owner())
    proposal = propose(look)
    look = with_histories(look, proposal)
    return look, propose(look)


def _made(folder: Path, *wanted: str) -> tuple[Config, Proposal]:
    """The workspace proposed for everything in the folder; `cip check` finds no error in it."""
    look, proposal = _look(folder, *wanted)
    workspace = write(look, proposal, actor=local_owner())
    config = parse_config(workspace.config_path.read_text(encoding="utf-8"))
    report = check(workspace, actor=local_owner(), progress=_Quiet())
    assert report.errors == 0, [f.message for f in report.findings if f.severity == "error"]
    return config, proposal


def _columns(config: Config, table: str, part: int = 0) -> dict[str, Any]:
    """Canonical column to what it is read from."""
    mapped = config.tables[table][part]  # type: ignore[index]
    return {
        name: getattr(origin, "column", None)
        or getattr(origin, "product", None)
        or getattr(origin, "join", None)
        or getattr(origin, "constant", None)
        for name, origin in mapped.columns.items()
    }


def test_german_invoice_lines_with_semicolons_decimal_commas_and_days_first(tmp_path: Path) -> None:
    rows = [
        {
            "Kundennummer": f"K{e.who:04}",
            "Bestellnummer": e.order,
            "Bestelldatum": e.at.strftime("%d.%m.%Y %H:%M"),
            "Artikelnr": f"A-{e.item}",
            "Bezeichnung": f"Möbelstück {e.item}",
            "Menge": e.quantity,
            "Einzelpreis": _comma(e.price),
            "Land": ("Österreich", "Deutschland")[e.who % 2],
        }
        for e in EVENTS
    ]
    _write(tmp_path / "bestellungen.csv", rows, ";", "cp1252")
    config, _ = _made(tmp_path)
    found = _columns(config, "transactions")
    assert found["customer_id"] == "Kundennummer"
    assert found["transaction_id"] == "Bestellnummer"
    assert found["occurred_at"] == "Bestelldatum"
    assert found["amount"] == ("Menge", "Einzelpreis")
    assert config.tables["transactions"][0].add_up
    assert _columns(config, "interactions")["item_id"] == "Artikelnr"
    assert config.sources["bestellungen"].delimiter == ";"
    assert config.sources["bestellungen"].encoding == "cp1252"
    assert _attributes(config) == {"land": "Land"}
    assert config.churn.label.kind == "purchase"


def test_payments_in_camel_case_with_a_currency_column(tmp_path: Path) -> None:
    rows = [
        {
            "paymentId": f"p-{e.order}",
            "clientId": e.who,
            "createdAt": e.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "totalAmount": e.price,
            "taxAmount": round(e.price * 0.2, 2),
            "currency": "CHF",
            "status": "settled",
        }
        for e in ORDERS
    ]
    _write(tmp_path / "payments.csv", rows)
    config, proposal = _made(tmp_path)
    found = _columns(config, "transactions")
    assert (found["customer_id"], found["transaction_id"]) == ("clientId", "paymentId")
    assert (found["occurred_at"], found["amount"]) == ("createdAt", "totalAmount")
    assert not config.tables["transactions"][0].add_up
    assert config.workspace.currency == "CHF"
    assert proposal.questions == ()


def test_an_event_log_in_epoch_milliseconds_and_its_tracks(tmp_path: Path) -> None:
    kinds = ("play", "play", "play", "skip", "search")
    log = [
        {
            "uid": f"u{e.who}",
            "ts": int(e.at.timestamp() * 1000),
            "event_name": kinds[k % 5],
            "track_id": e.item,
            "ms": 1,
        }
        for k, e in enumerate(EVENTS)
    ]
    tracks = [
        {"track_id": k, "track_name": f"Song {k}", "genre": ("rock", "jazz")[k % 2]}
        for k in range(1, 41)
    ]
    _write(tmp_path / "events.csv", log)
    _write(tmp_path / "tracks.csv", tracks)
    config, _ = _made(tmp_path)
    found = _columns(config, "interactions")
    assert found["customer_id"] == "uid"
    assert found["occurred_at"] == "ts"
    assert found["kind"] == "event_name"
    assert config.tables["interactions"][0].columns["occurred_at"].time_format == "epoch_ms"  # type: ignore[union-attr]
    assert _columns(config, "items") == {
        "item_id": "track_id",
        "title": "track_name",
        "category": "genre",
    }
    assert config.churn.label.kind == "inactivity"
    assert "search" not in config.churn.label.active_kinds


def _spells(**names: str) -> Iterator[dict[str, Any]]:
    draw = _Draw(4)
    for who in range(1, PEOPLE + 1):
        begin = START + timedelta(days=draw.randint(0, 200))
        end = begin + timedelta(days=draw.randint(30, 300))
        yield {
            names["customer"]: f"S{who}",
            names["plan"]: draw.choice(("Basic", "Pro", "Team")),
            names["price"]: draw.choice((9.9, 19.9, 49.0)),
            names["start"]: f"{begin:%Y-%m-%d}",
            names["end"]: f"{end:%Y-%m-%d}" if draw.random() < 0.6 else "",
        }


def test_subscriptions_with_several_spells_a_customer(tmp_path: Path) -> None:
    names = {"customer": "subscriber", "plan": "tier", "price": "monthly_fee"}
    first = list(_spells(**names, start="valid_from", end="valid_to"))
    again = [row | {"valid_from": "2024-04-01", "valid_to": ""} for row in first if row["valid_to"]]
    _write(tmp_path / "contracts.csv", [*first, *again])
    config, _ = _made(tmp_path)
    assert _columns(config, "subscriptions") == {
        "customer_id": "subscriber",
        "started_at": "valid_from",
        "ended_at": "valid_to",
        "plan": "tier",
        "price": "monthly_fee",
    }
    assert config.churn.label.kind == "cancellation"


def test_customers_whose_row_holds_their_subscription(tmp_path: Path) -> None:
    names = {"customer": "Account ID", "plan": "Plan", "price": "MRR"}
    rows = [
        row | {"Industry": ("retail", "it", "health")[k % 3], "Churn Reason": "price"}
        for k, row in enumerate(_spells(**names, start="Signup Date", end="Cancelled At"))
    ]
    _write(tmp_path / "accounts.csv", rows)
    config, proposal = _made(tmp_path)
    assert config.churn.label.kind == "cancellation"
    assert _columns(config, "subscriptions")["ended_at"] == "Cancelled At"
    assert _attributes(config) == {"industry": "Industry"}
    customers = next(table for table in proposal.tables if table.name == "customers")
    assert "Churn Reason" in customers.left_out


def _plain(path: Path, **more: Callable[[int, bool], Any]) -> None:
    draw = _Draw(9)
    rows = []
    for k in range(300):
        left = draw.random() < 0.3
        rows.append({name: make(k, left) for name, make in more.items()})
    _write(path, rows)


def test_a_plain_table_of_a_bank_with_exited_and_a_distracting_active_flag(tmp_path: Path) -> None:
    draw = _Draw(2)
    _plain(
        tmp_path / "Bank.csv",
        RowNumber=lambda k, _: k + 1,
        CustomerId=lambda k, _: 15_000_000 + 7919 * k % 999_983,
        Surname=lambda k, _: f"Name{k % 190}",
        CreditScore=lambda *_: draw.randint(350, 850),
        Geography=lambda *_: draw.choice(("France", "Spain")),
        Tenure=lambda *_: draw.randint(0, 10),
        Balance=lambda *_: round(draw.uniform(0, 1e5), 2),
        IsActiveMember=lambda *_: draw.randint(0, 1),
        Exited=lambda _, left: int(left),
    )
    config, proposal = _made(tmp_path)
    assert set(config.tables) == {"customers"}
    assert config.churn.label.kind == "given"
    assert config.churn.label.column == "exited"
    assert config.churn.label.left == ("1",)
    attributes = set(config.tables["customers"][0].attributes)
    assert {"credit_score", "geography", "tenure", "balance", "is_active_member"} <= attributes
    assert not attributes & {"row_number", "surname"}
    assert proposal.rhythm is None


def test_an_attrition_flag_in_words_and_columns_that_know_the_answer(tmp_path: Path) -> None:
    draw = _Draw(3)
    _plain(
        tmp_path / "BankChurners.csv",
        CLIENTNUM=lambda k, _: 708_000_000 + 13 * k,
        Attrition_Flag=lambda _, left: "Attrited Customer" if left else "Existing Customer",
        Customer_Age=lambda *_: draw.randint(20, 80),
        Months_on_book=lambda *_: draw.randint(5, 60),
        Naive_Bayes_Attrition_Flag_1=lambda _, left: 0.99 if left else 0.01,
        offboarding_survey=lambda _, left: "sent" if left else "none",
    )
    config, proposal = _made(tmp_path)
    assert config.churn.label.column == "attrition_flag"
    assert config.churn.label.left == ("Attrited Customer",)
    (customers,) = proposal.tables
    assert {"Naive_Bayes_Attrition_Flag_1", "offboarding_survey"} <= set(customers.left_out)
    assert {"customer_age", "months_on_book"} <= set(customers.attributes)


def test_payments_without_an_id_are_one_a_customer_and_time(tmp_path: Path) -> None:
    rows = [{"customer": e.who, "date": f"{e.at:%Y-%m-%d}", "spent": e.price} for e in EVENTS]
    _write(tmp_path / "purchases.csv", rows)
    config, _ = _made(tmp_path)
    assert _columns(config, "transactions")["transaction_id"] == ("customer", "date")
    assert config.tables["transactions"][0].add_up


def test_a_customer_column_that_no_name_gives_away_is_found_by_its_values(tmp_path: Path) -> None:
    people = [{"client_ref": f"x{k:03}", "city": f"C{k % 5}"} for k in range(1, PEOPLE + 1)]
    log = [
        {"entry": k, "whom": f"x{e.who:03}", "moment": f"{e.at:%Y-%m-%d %H:%M}", "minutes": 5}
        for k, e in enumerate(EVENTS)
    ]
    _write(tmp_path / "clients.csv", people)
    _write(tmp_path / "workouts.csv", log)
    config, proposal = _made(tmp_path)
    found = _columns(config, "interactions")
    assert (found["customer_id"], found["occurred_at"]) == ("whom", "moment")
    guess = next(g for g in proposal.guesses if g.place == "workouts.customer_id")
    assert "no name says so" in guess.doubt


def test_ids_that_differ_in_leading_zeros_are_a_doubt(tmp_path: Path) -> None:
    people = [{"id": f"{k:05}", "segment": f"s{k % 3}"} for k in range(1, PEOPLE + 1)]
    orders = [
        {"order_id": e.order, "customer_id": e.who, "date": f"{e.at:%Y-%m-%d}", "total": e.price}
        for e in ORDERS
    ]
    _write(tmp_path / "customers.csv", people)
    _write(tmp_path / "orders.csv", orders)
    _, proposal = _made(tmp_path)
    (guess,) = [g for g in proposal.questions if g.place == "orders.customer_id"]
    assert "leading zeros" in guess.doubt


def test_american_dates_with_am_and_pm_and_thousands_with_commas(tmp_path: Path) -> None:
    rows = [
        {
            "Order #": e.order,
            "Shopper": f"S{e.who}",
            "Purchase Date": e.at.strftime("%m/%d/%Y %I:%M %p"),
            "Grand Total": f"{e.price:,.2f}",
        }
        for e in ORDERS
    ]
    _write(tmp_path / "sales.csv", rows)
    config, _ = _made(tmp_path)
    found = _columns(config, "transactions")
    assert (found["transaction_id"], found["amount"]) == ("Order #", "Grand Total")
    time = config.tables["transactions"][0].columns["occurred_at"]
    assert time.time_format == "month_first"  # type: ignore[union-attr]


def test_french_orders_and_customers(tmp_path: Path) -> None:
    clients = [{"id_client": k, "prénom": f"P{k}", "pays": "FR"} for k in range(1, PEOPLE + 1)]
    orders = [
        {
            "no_commande": e.order,
            "id_client": e.who,
            "date_commande": f"{e.at:%d/%m/%Y}",
            "montant": f"{e.price:.2f}".replace(".", ","),
        }
        for e in ORDERS
    ]
    _write(tmp_path / "clients.csv", clients, ";")
    _write(tmp_path / "commandes.csv", orders, ";")
    config, _ = _made(tmp_path)
    assert _columns(config, "transactions") == {
        "customer_id": "id_client",
        "transaction_id": "no_commande",
        "occurred_at": "date_commande",
        "amount": "montant",
    }
    assert _columns(config, "customers")["customer_id"] == "id_client"


def test_spanish_names_with_spaces_in_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ID Cliente": [e.who for e in ORDERS],
            "Número Pedido": [e.order for e in ORDERS],
            "Fecha Compra": [e.at for e in ORDERS],
            "Importe Total": [e.price for e in ORDERS],
        }
    )
    pq.write_table(table, tmp_path / "ventas.parquet")
    config, _ = _made(tmp_path)
    assert _columns(config, "transactions") == {
        "customer_id": "ID Cliente",
        "transaction_id": "Número Pedido",
        "occurred_at": "Fecha Compra",
        "amount": "Importe Total",
    }


def test_monthly_files_with_one_header_are_one_source(tmp_path: Path) -> None:
    by_month: dict[str, list[dict[str, Any]]] = {}
    for e in ORDERS:
        row = {"order_id": e.order, "user": e.who, "date": f"{e.at:%Y-%m-%d}", "amount": e.price}
        by_month.setdefault(f"{e.at:%Y-%m}", []).append(row)
    for month, rows in by_month.items():
        _write(tmp_path / f"orders-{month}.csv", rows)
    config, proposal = _made(tmp_path)
    (source,) = config.sources.values()
    assert source.path.endswith("orders-*.csv")
    assert proposal.rhythm is not None
    assert proposal.rhythm.length_days > 300


def test_a_sqlite_database_with_customers_and_orders(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with sqlite3.connect(tmp_path / "shop" / "shop.db") as connection:
        connection.execute("create table users (id integer primary key, country text)")
        connection.execute(
            "create table orders (id integer primary key, user_id int, placed_at text, total real)"
        )
        connection.executemany(
            "insert into users values (?, ?)", [(k, "DE") for k in range(1, PEOPLE + 1)]
        )
        rows = [(e.order, e.who, f"{e.at:%Y-%m-%d %H:%M:%S}", e.price) for e in ORDERS]
        connection.executemany("insert into orders values (?, ?, ?, ?)", rows)
    connection.close()
    config, _ = _made(tmp_path, str(tmp_path / "shop" / "shop.db"))
    assert config.sources["orders"].database == "sqlite:///shop.db"
    found = _columns(config, "transactions")
    assert (found["customer_id"], found["transaction_id"]) == ("user_id", "id")
    assert _columns(config, "customers")["customer_id"] == "id"


def test_an_order_total_that_repeats_on_every_line_is_not_added_up_from_lines(
    tmp_path: Path,
) -> None:
    totals: dict[int, float] = {}
    for e in EVENTS:
        totals[e.order] = totals.get(e.order, 0) + e.price * e.quantity
    rows = [
        {
            "order_id": e.order,
            "member_id": e.who,
            "order_date": f"{e.at:%Y-%m-%d}",
            "sku": e.item,
            "qty": e.quantity,
            "unit_price": e.price,
            "order_total": round(totals[e.order], 2),
        }
        for e in EVENTS
    ]
    _write(tmp_path / "order_lines.csv", rows)
    config, proposal = _made(tmp_path)
    assert _columns(config, "transactions")["amount"] == ("qty", "unit_price")
    guess = next(g for g in proposal.guesses if g.place == "order_lines.amount")
    assert "repeats on every line" in guess.doubt


def test_ratings_with_epoch_seconds_and_short_words(tmp_path: Path) -> None:
    rows = [
        {"user": e.who, "movie": e.item, "stars": e.quantity, "time": int(e.at.timestamp())}
        for e in EVENTS
    ]
    _write(tmp_path / "ratings.tsv", rows, "\t")
    config, _ = _made(tmp_path)
    assert _columns(config, "interactions") == {
        "customer_id": "user",
        "item_id": "movie",
        "occurred_at": "time",
        "kind": "rate",
        "value": "stars",
    }
    assert config.sources["ratings"].format == "csv"


def test_guests_refunds_and_amounts_of_zero_become_policies(tmp_path: Path) -> None:
    rows = [
        {
            "invoice": e.order,
            "customer": "" if e.order % 9 == 0 else e.who,
            "date": f"{e.at:%Y-%m-%d}",
            "amount": (-1 if e.order % 11 == 0 else 0 if e.order % 13 == 0 else 1) * e.price,
        }
        for e in ORDERS
    ]
    _write(tmp_path / "invoices.csv", rows)
    config, _ = _made(tmp_path)
    policy = config.tables["transactions"][0].policy
    assert (policy.guests, policy.refunds, policy.zero_amounts) == ("drop", "keep", "drop")


def test_an_answer_outweighs_the_guess_and_the_rest_is_thought_again(tmp_path: Path) -> None:
    rows = [
        {
            "order_id": e.order,
            "customer": e.who,
            "date": f"{e.at:%Y-%m-%d}",
            "total": e.price,
            "net_amount": round(e.price * 0.8, 2),
        }
        for e in ORDERS
    ]
    _write(tmp_path / "orders.csv", rows)
    look, before = _look(tmp_path)
    after = propose(look, {"orders.amount": "net_amount", "currency": "USD", "horizon_days": "45"})
    assert before.tables[0].origin("amount") == "total"
    assert after.tables[0].origin("amount") == "net_amount"
    assert parse_config(text_of(after)).snapshot.horizon_days == 45
    assert after.currency.value == "USD"


def test_data_that_say_nothing_of_leaving_are_refused_in_words(tmp_path: Path) -> None:
    _write(tmp_path / "stations.csv", [{"station": f"s{k}", "height": k} for k in range(50)])
    with pytest.raises(CipError, match="nothing here says who left") as caught:
        _look(tmp_path)
    assert caught.value.code == "G-101"


def test_a_file_that_cannot_be_read_is_passed_over_and_said(tmp_path: Path) -> None:
    rows = [{"customer": e.who, "date": f"{e.at:%Y-%m-%d}", "spent": e.price} for e in EVENTS]
    _write(tmp_path / "purchases.csv", rows)
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    look, _ = _look(tmp_path)
    assert [profile.name for profile in look.profiles] == ["purchases"]
    assert "broken.parquet" in look.refused[0]


def test_a_workspace_that_stands_is_never_overwritten(tmp_path: Path) -> None:
    rows = [{"customer": e.who, "date": f"{e.at:%Y-%m-%d}", "spent": e.price} for e in EVENTS]
    _write(tmp_path / "purchases.csv", rows)
    look, proposal = _look(tmp_path)
    write(look, proposal, actor=local_owner())
    with pytest.raises(CipError, match="exists already"):
        write(look, proposal, actor=local_owner())


def test_a_column_name_cannot_break_out_of_its_comment_or_its_string(tmp_path: Path) -> None:
    evil = 'x"]\n[run]\nseed = 1 #'
    rows = [
        {"customer": e.who, "date": f"{e.at:%Y-%m-%d}", "spent": e.price, evil: e.quantity}
        for e in EVENTS
    ]
    _write(tmp_path / "purchases.csv", rows)
    look, proposal = _look(tmp_path)
    assert parse_config(text_of(proposal)).run.seed != 1
    assert Workspace(look.root).exists() is False


def test_a_large_file_is_sampled_from_its_head_and_over_its_length(tmp_path: Path) -> None:
    with (tmp_path / "big.csv").open("w", encoding="utf-8") as file:
        file.write("customer_id,paid_at,amount,note\n")
        for k in range(140_000):
            at = START + timedelta(minutes=5 * k)
            file.write(f"{k * 7919 % 3001},{at:%Y-%m-%d %H:%M:%S},{k % 97}.50,{'n' * 20}\n")
    look, proposal = _look(tmp_path)
    (profile,) = look.profiles
    assert not profile.is_whole
    assert profile.sampled < 100_000
    assert profile.rows == pytest.approx(140_000, rel=0.05)
    assert proposal.rhythm is not None
    assert proposal.rhythm.length_days == pytest.approx(487, abs=3)
    assert "nine of ten gaps" in proposal.rhythm.guess.doubt


def test_views_carts_and_purchases_with_a_price_are_acts_not_payments(tmp_path: Path) -> None:
    acts = ("view", "view", "cart", "purchase")
    rows = [
        {
            "event_time": f"{e.at:%Y-%m-%d %H:%M:%S} UTC",
            "event_type": acts[k % 4],
            "product_id": e.item,
            "price": e.price,
            "user_id": e.who,
            "user_session": f"s{k}",
        }
        for k, e in enumerate(EVENTS)
    ]
    _write(tmp_path / "2019-Oct.csv", rows)
    config, _ = _made(tmp_path)
    assert set(config.tables) == {"interactions"}
    assert _columns(config, "interactions")["kind"] == "event_type"
    assert config.churn.label.active_kinds == ("purchase",)


def test_reviews_by_reviewers_in_epoch_seconds(tmp_path: Path) -> None:
    rows = [
        {
            "reviewerID": f"A{e.who}",
            "asin": f"B{e.item}",
            "overall": e.quantity,
            "unixReviewTime": int(e.at.timestamp()),
            "summary": f"liked it {k} times",
        }
        for k, e in enumerate(EVENTS)
    ]
    _write(tmp_path / "reviews.csv", rows)
    config, _ = _made(tmp_path)
    assert _columns(config, "interactions") == {
        "customer_id": "reviewerID",
        "occurred_at": "unixReviewTime",
        "kind": "rate",
        "item_id": "asin",
        "value": "overall",
    }


def test_days_without_separators_are_read_as_such(tmp_path: Path) -> None:
    rows = [
        {"msno": f"u{e.who}", "transaction_date": f"{e.at:%Y%m%d}", "paid": f"${e.price}"}
        for e in EVENTS
    ]
    _write(tmp_path / "export.csv", rows)
    config, _ = _made(tmp_path)
    origin = config.tables["transactions"][0].columns["occurred_at"]
    assert origin == FromColumn(column="transaction_date", time_format="compact")
    assert config.workspace.currency == "USD"


def _attributes(config: Config) -> dict[str, str]:
    return {name: o.column for name, o in config.tables["customers"][0].attributes.items()}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"state": "KS", "plan": "x{item}", "churn": "{left}"}, "no column names the customer"),
        ({"household": "{who}", "day": "{item}", "value": "{price}"}, "no column says when"),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_the_reason(
    tmp_path: Path, columns: dict[str, str], said: str
) -> None:
    rows = [
        {
            name: form.format(
                who=e.who, at=e.at, price=e.price, item=e.item, left=("no", "yes")[e.who % 2]
            )
            for name, form in columns.items()
        }
        for e in EVENTS
    ]
    _write(tmp_path / "export.csv", rows)
    with pytest.raises(CipError, match=said):
        _look(tmp_path)


def test_a_label_whose_customers_have_no_named_id_takes_what_differs_in_every_row(
    tmp_path: Path,
) -> None:
    draw = _Draw(6)
    _plain(
        tmp_path / "table.csv",
        reference=lambda k, _: f"R{k:04}",
        age=lambda *_: draw.randint(18, 80),
        churned=lambda _, left: "yes" if left else "no",
    )
    config, proposal = _made(tmp_path)
    assert _columns(config, "customers")["customer_id"] == "reference"
    assert "different in every row" in proposal.questions[0].doubt
