"""A subscription service: a small simulated one, and the seed's data with all their defects."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cip.flows.demo import write_streaming

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


DAYS = np.arange("2024-01-01", "2025-12-31", dtype="datetime64[D]")


def _seed_like(folder: Path, users: int = 500) -> dict[str, int]:
    """Six files of our own making with the defects of the seed's; what each defect counts."""
    rng = np.random.default_rng(11)
    who = [f"user_{n:05d}" for n in range(1, users + 1)]
    what = [f"movie_{n:04d}" for n in range(1, 61)]
    ages = rng.integers(14, 90, users).astype(int)
    ages[:7] = -3
    people = [
        (w, "Ann", "Lee", ages[n], "Female", "USA", "Basic", str(DAYS[rng.integers(0, 300)]),
         str(bool(rng.random() > 0.15)), round(float(rng.uniform(5, 20)), 2), "TV", 2)
        for n, w in enumerate(who)
    ]  # fmt: skip
    _write(
        folder / "users.csv",
        "user_id,first_name,last_name,age,gender,country,subscription_plan,"
        "subscription_start_date,is_active,monthly_spend,primary_device,household_size",
        people + people[:9],
    )
    films = [(m, f"Film {m}", "Drama" if n % 2 else "Comedy", 90) for n, m in enumerate(what)]
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
    return {"users": 9, "plays": 40, "late plays": late, "ages": 7}


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
    summary = _run(cip, workspace, QUICK)
    found = summary["data"]["findings"]

    def rows_of(code: str, table: str) -> list[int]:
        return [f["rows"] for f in found if f["code"] == code and f["table"] == table]

    assert made["plays"] in rows_of("C-111", "interactions")
    assert rows_of("C-111", "customers") == [made["users"]]
    assert made["late plays"] in rows_of("C-117", "interactions")
    assert rows_of("C-118", "customers") == [made["ages"]]
    assert rows_of("C-130", "interactions")
    assert rows_of("C-132", "interactions")
    known = {row["name"] for row in summary["churn"]["features"]}
    assert {"main_device", "top_device_share_all", "mean_sentiment_90d"} <= known
    words = {label["kind"]: label["verdict"]["word"] for label in summary["labels"]}
    assert words == {"inactivity": "no signal", "given": "no signal"}
    assert summary["churn"]["promoted"] is False
    risks = {row["p_churn"] for row in _table(workspace, summary, "customers")}
    assert len(risks) == 1
    assert "No model of churn serves" in cip("run", "-w", workspace).stdout


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
    assert {label["verdict"]["word"] for label in summary["labels"]} == {"no signal"}
    given = next(label for label in summary["labels"] if label["kind"] == "given")
    assert given["base_rate"]["value"] == pytest.approx(0.148, abs=0.002)


def _table(workspace: Path, summary: dict[str, Any], name: str) -> list[dict[str, Any]]:
    path = workspace / "published" / summary["run_id"] / f"{name}.parquet"
    return pq.read_table(path).to_pylist()
