"""The further parts of an invented run: segments, lists, labels, curves and predictions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cip.flows.profit import Earned, PastScores, earned
from cip.models.profit import Costs
from cip.stores.published import write_table

SEGMENTS = (
    ("Frequent big spenders", "bought on 9 days (typical 3); spent 4,100 GBP (typical 610)"),
    ("Quiet customers with small baskets", "last bought 140 days ago (typical 31)"),
    ("New customers", "customer for 40 days (typical 420); bought on 1 day (typical 3)"),
    ("Regular customers with broad taste", "31 different items (typical 12)"),
    ("Occasional customers with many returns", "sent back 12 % (typical 2 %)"),
)
AXES = ("Quiet", "Frequent", "Big spenders", "Long-standing", "Broad taste", "Many returns")
PROFILES = (
    (12, 92, 90, 71, 74, 40),
    (88, 24, 30, 62, 28, 45),
    (31, 12, 22, 6, 35, None),
    (24, 70, 64, 80, 90, 44),
    (58, 30, 41, 55, 47, 91),
)
CATEGORIES = ("Home", "Garden", "Toys", "Kitchen")
TITLES = ("Lantern", "Bunting", "Teapot", "Doormat", "Parasol", "Apron", "Kettle", "Wreath")
FEATURES = (
    ("recency_days", "Days from the last purchase day to the cutoff; 1 is the day before.", "days"),
    ("spend_90d", "Money paid in the last 90 days, before refunds.", "money"),
    ("purchase_days_365d", "Distinct days with a purchase in the last 365 days.", "days"),
    ("refunded_share_365d", "Money given back over money paid in the last 365 days.", "share"),
    ("gap_mean_days", "Mean days between neighbouring purchase days.", "days"),
    ("country", "Country of the customer.", ""),
)


def estimate(value: float, half: float = 0.0, unit: str = "") -> dict[str, Any]:
    bounds = {"low": value - half, "high": value + half, "level": 0.95}
    return {"value": value, **bounds, "unit": unit, "reason": ""}


def verdict(word: str, sentence: str) -> dict[str, Any]:
    return {"question": "signal", "word": word, "sentence": sentence, "evidence": {}}


def with_segments(customers: pa.Table) -> pa.Table:
    """The same customers, each in a segment; two in none."""
    numbers = [None if k < 2 else (k * 7) % 11 % 5 for k in range(len(customers))]
    names = [None if n is None else SEGMENTS[n][0] for n in numbers]
    at = customers.column_names.index("priority_segment") + 1
    table = customers.add_column(at, "segment", pa.array(numbers, pa.int64()))
    return table.add_column(at + 1, "segment_name", pa.array(names, pa.string()))


def parts(customers: pa.Table) -> dict[str, Any]:
    """What the summary says of the further parts."""
    return {
        "labels": labels(),
        "sensitivity": [
            {"horizon_days": days, "customers": 420, "churn_rate": rate}
            for days, rate in ((28, 0.68), (60, 0.47), (90, 0.39), (180, 0.21))
        ],
        "segments": segments(customers.to_pylist()),
        "recommendations": recommendations(),
    }


def labels() -> list[dict[str, Any]]:
    return [
        {
            "name": "inactivity",
            "definition": "no purchase in the next 90 days",
            "kind": "inactivity",
            "is_primary": True,
            "how": "forward in time",
            "customers": 420,
            "base_rate": estimate(0.39, 0.02, "share"),
            "roc_auc": estimate(0.742, 0.021),
            "verdict": verdict("useful", "It ranks well."),
            "note": "",
        },
        {
            "name": "is_active",
            "definition": "the column is_active is false",
            "kind": "column",
            "is_primary": False,
            "how": "cross-validation",
            "customers": 10_000,
            "base_rate": estimate(0.15, 0.01, "share"),
            "roc_auc": estimate(0.503, 0.014),
            "verdict": verdict("no signal", "A coin."),
            "note": "The column has no date, so nothing can be said about the time it speaks of.",
        },
    ]


def segments(rows: list[dict[str, Any]]) -> dict[str, Any]:
    items = []
    for number, ((name, marks), profile) in enumerate(zip(SEGMENTS, PROFILES, strict=True)):
        inside = [row for row in rows if row["segment"] == number]
        share = len(inside) / len(rows)
        items.append(
            {
                "segment": number,
                "name": name,
                "narrative": f"What marks these {len(inside)} customers ({100 * share:.0f} % of "
                f"all): {marks}. Also: buys every 20 days (typical 42).",
                "customers": len(inside),
                "share": share,
                "p_churn": float(np.mean([row["p_churn"] for row in inside])),
                "clv": sum(row["clv"] for row in inside),
                "expected_value_loss": sum(row["expected_value_loss"] for row in inside),
                "profile": list(profile),
                "differs": [part.capitalize() for part in marks.split("; ")],
            }
        )
    counts = (
        (3, 0.31, 0.93, 2210),
        (4, 0.33, 0.95, 1890),
        (5, 0.36, 0.97, 1540),
        (6, 0.3, 0.8, 1400),
    )
    fields = ("k", "silhouette", "stability", "inertia")
    return {
        "k": len(SEGMENTS),
        "chosen_because": "5 is the largest number that is found again reliably (0.97 of 1).",
        "verdict": verdict(
            "useful",
            "They explain more than 99 data sets without structure do. The chance is 1 %.",
        ),
        "choice": [dict(zip(fields, row, strict=True)) for row in counts],
        "axes": list(AXES),
        "items": items,
    }


def recommendations() -> dict[str, Any]:
    steps = (("0", 0, 0.031), ("1-2", 1, 0.044), ("3-9", 3, 0.082), ("10+", 10, 0.127))
    return {
        "label": "recency-weighted EASE",
        "verdict": verdict("useful", "Lists are better than what is popular now: NDCG +0.041."),
        "k": 10,
        "items": 240,
        "listed_items": 199,
        "customers": 400,
        "metrics": {
            "ndcg": estimate(0.094, 0.008),
            "recall": estimate(0.171, 0.014, "share"),
        },
        "baseline": {
            "ndcg": estimate(0.053, 0.006),
            "recall": estimate(0.098, 0.011, "share"),
        },
        "metric_words": {
            "ndcg": "How high on the list the items stand that were then chosen.",
            "recall": "Share of the items then chosen that were on the list.",
        },
        "cold": [
            {
                "history": history,
                "from": least,
                "customers": 100,
                "ndcg": estimate(value, 0.01),
                "baseline_ndcg": estimate(0.04, 0.008),
            }
            for history, least, value in steps
        ],
        "coverage": estimate(0.83, 0.02, "share"),
        "ratings": {
            "label": "SVD",
            "rmse": estimate(0.94, 0.02),
            "baseline_rmse": estimate(1.01, 0.02),
            "ratings": 6_120,
        },
    }


def popular_lists() -> dict[str, Any]:
    """The same where everybody gets what is popular, and ratings are no better than their mean."""
    said = "Personal lists are not shown to be better than the list of what is popular now."
    rated = verdict("no signal", "It is not shown to be better than the mean of all ratings.")
    made = recommendations()
    return made | {
        "label": "recent popularity",
        "personal": False,
        "listed_items": 12,
        "verdict": verdict("no signal", said),
        "ratings": made["ratings"] | {"rmse": estimate(1.02, 0.02), "verdict": rated},
    }


def features_in_words() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "kind": "category" if name == "country" else "number",
            "unit": unit,
            "description": description,
            "phrase": "{v}",
            "fact": name,
            "window_days": None,
            "decimals": 0,
        }
        for name, description, unit in FEATURES
    ]


def write_tables(staging: Path, customers: pa.Table, seed: int = 11) -> None:
    """Every further table of a run."""
    rng = np.random.default_rng(seed)
    ids = customers["customer_id"].to_pylist()
    write_table(staging, "recommendations", lists(ids, rng))
    write_table(staging, "features", features(customers, rng))
    n = len(ids)
    p, churned = at_the_test_date(n)
    write_table(
        staging,
        "test_predictions",
        pa.table(
            {
                "customer_id": ids,
                "p_churn": p,
                "churned": churned,
                "future_value": np.where(churned, 0.0, rng.lognormal(5, 1, n)),
            }
        ),
    )
    for name, table in curves(p, churned).items():
        write_table(staging, name, table)
    write_table(staging, "curve_profit", profit(n).table())


def at_the_test_date(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(12)
    p = np.clip(rng.beta(1.6, 2.2, n), 0.01, 0.98)
    return p, rng.random(n) < p


def profit(n: int) -> Earned:
    p, churned = at_the_test_date(n)
    scores = PastScores(churned, p, np.arange(n), np.sqrt(p * np.roll(p, 1)))
    made = earned(scores, Costs(400.0, 20.0, 2.0), "GBP", seed=0, draws=60)
    return replace(made, assumed=("Assumed, not measured: an offer costs 20.00 GBP.", "No effect."))


def lists(ids: list[str], rng: np.random.Generator) -> pa.Table:
    rows = []
    for number, customer_id in enumerate(ids):
        cold = number % 5 == 4
        for place in range(1, 13):
            item = int(rng.integers(0, 240))
            rows.append(
                {
                    "customer_id": customer_id,
                    "place": place,
                    "item_id": f"I{item}",
                    "title": f"{TITLES[item % 8]} no. {item}",
                    "category": CATEGORIES[item % 4],
                    "fit": 1 - 0.06 * place,
                    "because": None if cold else f"{TITLES[(item + 5) % 8]} no. {item // 2}",
                    "is_fallback": cold,
                    "predicted_rating": None if cold else 5 - 0.25 * place,
                }
            )
    return pa.Table.from_pylist(rows)


def features(customers: pa.Table, rng: np.random.Generator) -> pa.Table:
    n = len(customers)
    gaps = rng.gamma(2, 20, n)
    gaps[::6] = np.nan
    return pa.table(
        {
            "customer_id": customers["customer_id"],
            "cutoff": pa.array([np.datetime64("2011-12-09", "us")] * n).cast(
                pa.timestamp("us", "UTC")
            ),
            "recency_days": customers["last_purchase_days"],
            "spend_90d": rng.lognormal(5, 1, n),
            "purchase_days_365d": rng.integers(1, 40, n).astype(float),
            "refunded_share_365d": rng.beta(1, 20, n),
            "gap_mean_days": pa.array(gaps, from_pandas=True),
            "country": customers["country"],
        }
    )


def curves(p: np.ndarray, churned: np.ndarray) -> dict[str, pa.Table]:
    order = np.argsort(-p)
    left, stayed = np.cumsum(churned[order]), np.cumsum(~churned[order])
    bins = np.array_split(np.argsort(p), 10)
    seen = np.array([churned[rows].mean() for rows in bins])
    return {
        "curve_roc": pa.table({"false_alarm_rate": stayed / stayed[-1], "recall": left / left[-1]}),
        "curve_precision_recall": pa.table(
            {"recall": left / left[-1], "precision": left / (left + stayed)}
        ),
        "curve_calibration": pa.table(
            {
                "predicted": [p[rows].mean() for rows in bins],
                "realised": seen,
                "low": np.clip(seen - 0.1, 0, 1),
                "high": np.clip(seen + 0.1, 0, 1),
                "count": [len(rows) for rows in bins],
            }
        ),
    }
