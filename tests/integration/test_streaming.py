"""A subscription service: a small simulated one, and the seed's data with all their defects."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cip.flows.actors import local_owner
from cip.flows.demo import write_streaming
from cip.flows.recommender import open_recommender
from cip.flows.results import open_results
from cip.settings import Workspace

QUICK = "[run]\ndraws = 100\n"


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory, cip) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("streaming")
    write_streaming(folder / "data", customers=1200)
    assert (
        cip("init", folder / "ws", "--preset", "streaming", "--data", folder / "data").returncode
        == 0
    )
    return folder / "ws", _run(cip, folder / "ws", QUICK + "[segments]\nk = 4\n")


def _run(cip, workspace: Path, more: str) -> dict[str, Any]:
    path = workspace / "cip.toml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    ended = cip("run", "-w", workspace, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_who_cancels_is_modelled_among_running_subscriptions(streaming) -> None:
    _, summary = streaming
    assert summary["workspace"]["simulated"] is True
    labels = {label["kind"]: label for label in summary["labels"]}
    assert set(labels) == {"cancellation", "inactivity"}
    assert labels["cancellation"]["is_primary"]
    assert "running subscription" in summary["churn"]["population"]["sentence"]
    assert 0 < labels["cancellation"]["base_rate"]["value"] < 0.3
    rates = [row["churn_rate"] for row in summary["sensitivity"] if row["is_primary"]]
    assert rates == sorted(rates)
    assert {row["label"] for row in summary["sensitivity"]} == set(labels)


def test_value_is_the_price_times_retention_and_is_tested_on_payments(streaming) -> None:
    workspace, summary = streaming
    assert "retention" in summary["value"]["method"]
    bias = summary["value"]["backtest"]["model"]["total_bias"]
    assert abs(bias["value"]) < 0.15
    customers = _table(workspace, summary, "customers")
    assert all(row["clv_if_retained"] >= row["clv"] > 0 for row in customers)


def test_segments_have_names_sentences_and_sums(streaming) -> None:
    workspace, summary = streaming
    segments = summary["segments"]
    assert segments["k"] == 4
    assert len({item["name"] for item in segments["items"]}) == 4
    assert sum(item["customers"] for item in segments["items"]) == summary["totals"]["customers"]
    at_stake = sum(item["expected_value_loss"] for item in segments["items"])
    assert at_stake == pytest.approx(summary["totals"]["expected_value_loss"]["value"])
    for row in _table(workspace, summary, "customers"):
        assert row["segment_name"] == segments["items"][row["segment"]]["name"]


def test_lists_hold_nothing_that_was_watched_and_carry_predicted_ratings(streaming) -> None:
    workspace, summary = streaming
    rows = _table(workspace, summary, "recommendations")
    watched = set()
    plays = pq.read_table(workspace.parent / "data" / "interactions.parquet").to_pylist()
    for play in plays:
        if play["kind"] == "play":
            watched.add((play["customer_id"], play["item_id"]))
    assert not watched & {(row["customer_id"], row["item_id"]) for row in rows}
    assert all(1 <= row["predicted_rating"] <= 5 for row in rows)
    assert [row["place"] for row in rows[:10]] == list(range(1, 11))
    assert summary["recommendations"]["verdict"]["word"] in {"useful", "weak", "no signal"}
    assert summary["recommendations"]["ratings"]["rmse"]["value"] > 0
    assert summary["recommendations"]["ratings"]["verdict"]["word"] in {"useful", "no signal"}
    assert summary["recommendations"]["listed_items"] == len({row["item_id"] for row in rows})


def test_exported_lists_models_give_the_published_lists(streaming, cip, tmp_path: Path) -> None:
    workspace, summary = streaming
    assert cip("export", tmp_path, "-w", workspace).returncode == 0
    recommender = open_recommender(tmp_path / "models" / "recommender")
    published = _table(workspace, summary, "recommendations")
    assert recommender.name == ("ease" if summary["recommendations"]["personal"] else "popularity")
    cutoff = datetime.fromisoformat(summary["calendar"]["score"]).replace(tzinfo=None)
    met: dict[str, dict[str, list[float]]] = {}
    for play in pq.read_table(workspace.parent / "data" / "interactions.parquet").to_pylist():
        if play["kind"] == "play" and play["occurred_at"] < cutoff:
            seen = met.setdefault(play["customer_id"], {}).setdefault(play["item_id"], [])
            seen.append((cutoff - play["occurred_at"]).total_seconds() // 1 / 86_400)
    for who in list(dict.fromkeys(row["customer_id"] for row in published))[:50]:
        history = [(item, min(ago), float(len(ago))) for item, ago in met.get(who, {}).items()]
        listed = [row for row in published if row["customer_id"] == who]
        again = recommender.list_for(history, k=10)
        assert [line.item_id for line in again] == [row["item_id"] for row in listed]
        assert [line.fit for line in again] == pytest.approx([row["fit"] for row in listed])


def test_an_export_describes_each_of_its_columns_and_leaves_unknown_cells_empty(
    streaming, cip, tmp_path: Path
) -> None:
    workspace, _ = streaming
    assert cip("export", tmp_path, "-w", workspace).returncode == 0
    words = {row["column"]: row["description"] for row in _read(tmp_path / "columns.csv")}
    there = set()
    for path in tmp_path.glob("*.csv"):
        rows = _read(path)
        there |= set(rows[0]) if rows else set()
        assert not any("nan" in row.values() for row in rows), path.name
    assert there <= set(words)
    assert all(words.values())
    assert not {"has_left", "p_churn_low"} & set(words)
    assert {row["day"][4] for row in _read(tmp_path / "ratings_data.csv")} == {"-"}


def test_somebody_who_was_not_scored_is_told_from_somebody_unknown(streaming, cip) -> None:
    workspace, summary = streaming
    scored = {row["customer_id"] for row in _table(workspace, summary, "customers")}
    people = pq.read_table(workspace.parent / "data" / "customers.parquet")["customer_id"]
    silent = next(who for who in people.to_pylist() if who not in scored)
    known = cip("lookup", silent, "-w", workspace)
    assert known.returncode != 0
    assert known.stderr.startswith(f"F-202: customer {silent!r} is known (last ")
    assert "with a running subscription at the date" in known.stderr
    assert "scored again once they have a running subscription; to win them back" in known.stderr
    assert "what is popular now: " in known.stderr
    assert "payment_failed" not in known.stderr
    made_up = cip("lookup", "C99999x", "-w", workspace)
    assert "has no customer 'C99999x'" in made_up.stderr


DAYS = np.arange("2024-01-01", "2025-12-31", dtype="datetime64[D]")


def _seed_like(folder: Path, users: int = 500) -> dict[str, int]:
    """Six files of our own making with the defects of the seed's; what each defect counts."""
    rng = np.random.default_rng(11)
    who = [f"user_{n:05d}" for n in range(1, users + 1)]
    what = [f"movie_{n:04d}" for n in range(1, 61)]
    ages = rng.integers(14, 90, users).astype(int)
    ages[:7] = -3
    ages[7:11] = 12
    starts = [str(DAYS[rng.integers(0, 300)]) for _ in who]
    starts[20:26] = ["2025-08-01"] * 6
    people = [
        (w, "Ann", "Lee", ages[n], "" if n % 10 == 0 else "Female", "USA", "Basic", starts[n],
         str(bool(rng.random() > 0.15)), 900 if 40 <= n < 43 else round(rng.uniform(5, 20), 2),
         "TV", 2)
        for n, w in enumerate(who)
    ]  # fmt: skip
    _write(
        folder / "users.csv",
        "user_id,first_name,last_name,age,gender,country,subscription_plan,"
        "subscription_start_date,is_active,monthly_spend,primary_device,household_size",
        people + people[:9],
    )
    films = [
        (m, f"Film {m}", "Drama" if n % 2 else "Comedy", 90 if n else 0) for n, m in enumerate(what)
    ]
    _write(
        folder / "movies.csv", "movie_id,title,genre_primary,duration_minutes", films + films[:2]
    )

    def events(count: int, *more: Any) -> list[tuple[Any, ...]]:
        return [
            (
                f"e{n}",
                who[rng.integers(users)],
                what[rng.integers(60)],
                str(DAYS[rng.integers(730)]),
                *(make() for make in more),
            )
            for n in range(count)
        ]

    others = np.random.default_rng(12)

    def device() -> str:
        return str(others.choice(["Mobile", "Laptop", "Smart TV"]))

    plays = events(9000, lambda: round(float(rng.uniform(1, 120)), 1), device)
    plays[:4] = [(*play[:3], "2025-01-01", 799.0, "TV") for play in plays[:4]]
    _write(
        folder / "watch_history.csv",
        "session_id,user_id,movie_id,watch_date,watch_duration_minutes,device_type",
        plays + plays[:40],
    )
    reviews = events(1500, lambda: int(rng.integers(1, 6)), device, others.random)
    _write(
        folder / "reviews.csv",
        "review_id,user_id,movie_id,review_date,rating,device_type,sentiment_score",
        reviews,
    )
    shown = events(3000, lambda: str(bool(rng.random() < 0.2)), device)
    _write(
        folder / "recommendation_logs.csv",
        "recommendation_id,user_id,movie_id,recommendation_date,was_clicked,device_type",
        shown,
    )
    searches = [(e[0], e[1], e[3], device()) for e in events(1000)]
    _write(folder / "search_logs.csv", "search_id,user_id,search_date,device_type", searches)
    late = sum(play[3] > "2025-06-30" for play in plays)
    return {"users": 9, "plays": 40, "late plays": late}


def _write(path: Path, header: str, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def test_data_that_know_nothing_of_churn_are_said_to_and_every_defect_is_counted(
    tmp_path: Path, cip
) -> None:
    (tmp_path / "data").mkdir()
    made = _seed_like(tmp_path / "data")
    workspace = tmp_path / "ws"
    asked = ("--preset", "netflix-2025", "--data", tmp_path / "data")
    assert cip("init", workspace, *asked).returncode == 0
    with (workspace / "cip.toml").open("a", encoding="utf-8") as config:
        config.write(QUICK)
    ended = cip("run", "-w", workspace)
    assert ended.returncode == 0, ended.stderr
    assert "\nNo signal: no score. " in ended.stdout
    assert "\nSimulated. A program invented these customers" in ended.stdout
    summary = open_results(Workspace(workspace), actor=local_owner()).summary
    found = summary["data"]["findings"]

    def of(code: str, table: str, counted: str) -> list[int]:
        return [f[counted] for f in found if f["code"] == code and f["table"] == table]

    def rows_of(code: str, table: str) -> list[int]:
        return of(code, table, "rows")

    assert made["plays"] in rows_of("C-111", "interactions")
    assert rows_of("C-111", "customers") == [made["users"]]
    late, looked_at = (of("C-117", "interactions", each)[0] for each in ("rows", "total_rows"))
    assert (late, looked_at) == (made["late plays"], 9000)  # after the repeated rows are gone
    assert rows_of("C-118", "customers") == [7, 4]  # below zero, and 0 to 12
    assert rows_of("C-118", "items") == [1]  # it lasts no minute
    assert rows_of("C-118", "interactions") == [4]
    assert rows_of("C-118", "subscriptions") == [3]
    assert rows_of("C-140", "customers") == [50]
    assert rows_of("C-117", "subscriptions") == [6]
    assert rows_of("C-130", "interactions")
    assert rows_of("C-132", "interactions")
    known = {row["name"] for row in summary["churn"]["features"]}
    assert {"main_device", "top_device_share_all", "mean_sentiment_90d"} <= known
    words = {label["kind"]: label["verdict"]["word"] for label in summary["labels"]}
    assert words == {"inactivity": "no signal", "given": "no signal"}
    assert summary["churn"]["promoted"] is False
    customers = _table(workspace, summary, "customers")
    assert len({row["p_churn"] for row in customers}) == 1
    worthless = {row["customer_id"] for row in customers if row["clv"] is None}
    assert worthless == {f"user_{n:05d}" for n in range(21, 27)}
    assert max(row["clv"] or 0 for row in customers) < 12 * 20
    tested = _table(workspace, summary, "test_predictions")
    assert {row["future_value"] for row in tested} == {None}
    assert "no running subscription is known" in cip("lookup", "user_00021", "-w", workspace).stdout
    _nothing_is_scored_in_the_export(cip, workspace, tmp_path / "out")


def _nothing_is_scored_in_the_export(cip, workspace: Path, out: Path) -> None:
    assert cip("export", out, "-w", workspace).returncode == 0
    scored = _read(out / "churn_scored.csv")
    ids = [row["customer_id"] for row in scored]
    assert ids == sorted(ids)
    scores = ("rank", "p_churn", "churn_band", "expected_value_loss", "priority_segment")
    assert {row[name] for row in scored for name in scores} == {""}
    assert any(row["clv"] for row in scored)
    personas = _read(out / "cluster_personas.csv")
    assert {row[name] for row in personas for name in ("p_churn", "expected_value_loss")} == {""}
    words = {row["column"]: row["description"] for row in _read(out / "columns.csv")}
    assert "no churn model serves" in words["rank"]
    for name in ("feature_columns.json", "explainer.json"):
        assert "none serves" in json.loads((out / "models" / name).read_text())["note"]
    labels = {row["label"]: row["churn_rate"] for row in _read(out / "sensitivity.csv")}
    assert set(labels) == {"inactivity", "is_active"}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.shared_data
def test_the_seed_s_own_data_carry_no_signal_under_either_label(
    tmp_path: Path, cip, shared_data: Path
) -> None:
    workspace = tmp_path / "netflix"
    data = shared_data / "netflix-2025"
    assert cip("init", workspace, "--preset", "netflix-2025", "--data", data).returncode == 0
    quick = QUICK + "threads = 2\n"
    path = workspace / "cip.toml"
    text = path.read_text(encoding="utf-8").replace(
        "[churn]\n", "[churn]\ncandidates = ['logistic_regression', 'lightgbm']\n"
    )
    path.write_text(text.replace("max_cutoffs = 6", "max_cutoffs = 2"), encoding="utf-8")
    summary = _run(cip, workspace, quick)
    dropped = [f["rows"] for f in summary["data"]["findings"] if f["code"] == "C-111"]
    assert sorted(dropped) == [40, 300, 300, 450, 1500, 2000, 5000]
    beyond = [(f["column"], f["rows"]) for f in summary["data"]["findings"] if f["code"] == "C-118"]
    assert {("age", 19), ("duration_minutes", 1), ("value", 785), ("price", 97)} <= set(beyond)
    late = [f for f in summary["data"]["findings"] if f["code"] == "C-117"]
    assert {f["total_rows"] for f in late} == {100_000, 50_000, 25_000, 15_000, 10_000}
    assert {label["verdict"]["word"] for label in summary["labels"]} == {"no signal"}
    given = next(label for label in summary["labels"] if label["kind"] == "given")
    assert given["base_rate"]["value"] == pytest.approx(0.148, abs=0.002)


def _table(workspace: Path, summary: dict[str, Any], name: str) -> list[dict[str, Any]]:
    path = workspace / "published" / summary["run_id"] / f"{name}.parquet"
    return pq.read_table(path).to_pylist()
