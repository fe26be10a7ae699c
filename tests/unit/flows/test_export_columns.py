"""What the columns of an export are called in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cip.flows.export_columns import described
from cip.models.encode import Encoder
from cip.models.encode_parts import fit_levels, fit_smooth


def run(word: str) -> dict[str, Any]:
    recency = {"name": "recency", "unit": "days", "description": "Days since the last purchase"}
    return {"churn": {"features": [recency], "verdicts": {"signal": {"word": word}}}}


def encoder() -> Encoder:
    countries = np.array(["Brazil"] * 30 + [None] * 5, dtype=object)
    recency = np.append(np.arange(34.0), np.nan)
    return Encoder("spline", (fit_levels("country", countries), fit_smooth("recency", recency)))


def words(headers: list[list[str]], word: str = "useful") -> dict[str, str]:
    rows = described(headers, run(word), encoder(), ["country"])
    return {row["column"]: row["description"] for row in rows}


def test_every_encoded_column_is_described() -> None:
    said = words([list(encoder().outputs), ["recency", "country"]])
    assert all(said.values())
    assert said["country = Brazil"] == "1 where country is Brazil, else 0"
    assert said["country: missing"] == "1 where country is not known, else 0"
    assert said["recency: spline 3"] == "height of curve 3 at the rank of recency"
    assert said["recency"] == "Days since the last purchase (days)"
    assert said["country"] == "the customer's country, as in your data"


def test_a_column_that_stands_in_no_file_is_not_described() -> None:
    assert list(words([["rank", "p_churn"], ["p_churn", "segment"]])) == [
        "rank",
        "p_churn",
        "segment",
    ]


@pytest.mark.parametrize("word", ["useful", "no signal"])
def test_columns_that_are_empty_without_signal_say_so(word: str) -> None:
    said = words([["rank", "clv"]], word)
    assert ("no churn model serves" in said["rank"]) == (word == "no signal")
    assert "no churn model serves" not in said["clv"]
