"""Numbers as people read them, and HTML that says them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.errors import NotReadyError
from cip.faces.dashboard import formats, look, sentences
from cip.faces.dashboard.parts import profile

THIN = "\u202f"
STYLE = Path(look.__file__).with_name("look.css").read_text(encoding="utf-8")


def estimate(value: float | None, low: float | None, high: float | None, unit: str = "") -> Any:
    return {"value": value, "low": low, "high": high, "unit": unit, "reason": "too few"}


@pytest.mark.parametrize(
    ("shown", "value", "interval"),
    [
        (estimate(0.8123, 0.79, 0.83), "0.812", "0.790–0.830"),
        (estimate(48_312.0, 41_900.0, 55_200.0, "GBP"), "48,300 GBP", "41,900–55,200 GBP"),
        (estimate(1_243_000.0, 9e5, 2e6, "EUR"), f"1.24{THIN}M EUR", f"900,000–2{THIN}M EUR"),
        (estimate(0.124, 0.111, 0.138, "share"), f"12.4{THIN}%", f"11.1–13.8{THIN}%"),
        (estimate(171.4, 160.0, 182.0, "customers"), "171", "160–182"),
        (estimate(1.74, 1.6, 1.9, "times"), f"1.74{THIN}×", f"1.60–1.90{THIN}×"),
        (
            estimate(0.03, -0.02, 0.08, "share of the realised total"),
            f"+3{THIN}%",
            f"−2 to +8{THIN}%",
        ),
        (estimate(-0.004, -0.01, 0.002), "−0.004", "−0.010 to 0.002"),
        (estimate(-14_400, -15_500, -13_300, "EUR"), "−14,400 EUR", "−15,500 to −13,300 EUR"),
        (estimate(0.5, 0.5, 0.5), "0.500", ""),
        (estimate(None, None, None), "–", ""),
    ],
)
def test_a_figure_is_said_in_its_unit_with_its_interval(
    shown: Any, value: str, interval: str
) -> None:
    assert formats.figure(shown) == value
    assert formats.spread(shown) == interval


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (None, "–"),
        (0.4, "today"),
        (1, "1 day ago"),
        (13, "13 days ago"),
        (14, "2 weeks ago"),
        (69, "10 weeks ago"),
        (70, "2 months ago"),
        (729, "24 months ago"),
        (730, "2 years ago"),
    ],
)
def test_durations_are_words(days: float | None, said: str) -> None:
    assert formats.time_since(days) == said


def test_points_carry_a_sign_and_zero_carries_none() -> None:
    assert [formats.points(p) for p in (0.0912, -0.004, 0.0004, -0.0001)] == [
        "+9.1",
        "−0.4",
        "0.0",
        "0.0",
    ]


def test_dates_are_iso() -> None:
    assert formats.day("2011-12-09T00:00:00+00:00") == "2011-12-09"


@given(
    base=st.floats(0.01, 0.99),
    sizes=st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=9),
)
def test_the_waterfall_s_bars_lie_on_the_page_and_end_where_the_points_lead(
    base: float, sizes: list[float]
) -> None:
    end = base + sum(sizes)
    html = look.waterfall(base, [(f"reason {k}", size) for k, size in enumerate(sizes)], end)
    bars = re.findall(r"left:(-?[\d.]+)%;width:(-?[\d.]+)%", html)
    assert len(bars) == len(sizes) + 2
    assert all(float(a) >= -0.01 and float(a) + float(w) <= 100.01 for a, w in bars)
    last_left, last_width = map(float, bars[-1])
    step_left, step_width = map(float, bars[-2])
    reached = step_left + step_width if sizes[-1] > 0 else step_left
    ended = last_left + last_width if end > 0 else last_left
    assert reached == pytest.approx(ended, abs=0.02)


def test_the_two_ends_of_a_waterfall_are_as_long_as_their_risks() -> None:
    html = look.waterfall(0.165, [("Contract is monthly", 0.592)], 0.757)
    bars = re.findall(r"left:(-?[\d.]+)%;width:(-?[\d.]+)%", html)
    (start, short), (_, step), (beginning, long) = [(float(a), float(w)) for a, w in bars]
    assert start == beginning == 0
    assert long / short == pytest.approx(0.757 / 0.165, rel=0.01)
    assert step / short == pytest.approx(0.592 / 0.165, rel=0.01)


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [("months", 11.0, "11 months"), ("USD", 1183.05, "1,183.05 USD"), ("", 44.0, "44")],
)
def test_an_attribute_stands_with_its_unit(unit: str, value: float, said: str) -> None:
    feature = {
        **dict.fromkeys(("name", "description", "phrase", "fact"), "tenure"),
        "kind": "number",
        "unit": unit,
    }
    summary = {"workspace": {"currency": "USD"}}
    assert profile.attribute_words(value, feature, summary) == said
    assert profile.attribute_words(value, None, summary) == formats.plain(value)


def test_the_waterfall_names_both_ends_and_signs_every_step() -> None:
    html = look.waterfall(0.4, [("Last bought 90 days ago", 0.15), ("Buys often", -0.05)], 0.5)
    assert f"40.0{THIN}%" in html
    assert f"50.0{THIN}%" in html
    assert 'class="n up">+15.0' in html
    assert 'class="n down">−5.0' in html


def test_what_comes_from_the_data_is_escaped() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    made = [
        look.card(nasty, nasty, nasty, nasty),
        look.waterfall(0.1, [(nasty, 0.1)], 0.2),
        look.verdict_line(nasty, nasty, nasty, nasty, nasty),
        look.heading(nasty, nasty),
        look.paragraphs([nasty]),
        look.to_do(nasty, nasty),
        look.note(nasty),
        look.error_box(NotReadyError(nasty, nasty, nasty)),
    ]
    assert all("<img" not in html for html in made)


def test_an_error_says_what_to_type() -> None:
    html = look.error_box(NotReadyError("F-201", "no run yet.", "make one: `cip run`"))
    assert "No run yet." in html
    assert "<code>cip run</code>" in html


def test_a_verdict_is_never_told_by_colour_alone() -> None:
    for word in ("useful", "weak", "no signal"):
        assert word in look.pill(word)


@pytest.mark.parametrize(("value", "step"), [(0, 0), (19, 0), (21, 1), (99, 4), (100, 4)])
def test_the_ramp_has_five_steps(value: float, step: int) -> None:
    assert look.ramp_step(value, 100) == step
    assert look.ramp_step(value, 0) == 0


def colours(name: str) -> tuple[str, str]:
    found = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", STYLE)
    assert found, name
    return found[1], found[2]


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


PAIRS = [(f"on{k}", f"r{k}") for k in range(look.STEPS)]
PAIRS += [(ink, "card") for ink in ("ink", "ink2", "accent", "up", "down")]


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_themes(ink: str, ground: str, theme: int) -> None:
    pair = sorted((luminance(colours(ink)[theme]), luminance(colours(ground)[theme])))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def cell(clv_band: str, churn_band: str, customers: int, loss: float) -> dict[str, Any]:
    return {
        "clv_band": clv_band,
        "churn_band": churn_band,
        "customers": customers,
        "expected_value_loss": loss,
    }


SUMMARY: dict[str, Any] = {
    "workspace": {"currency": "GBP"},
    "cells": [cell("High", "High", 10, 600.0), cell("Low", "Low", 90, 200.0)],
    "priority_segments": [{"name": "High CLV / High churn", "what_to_do": "Call."}],
    "churn": {
        "importance": [{"label": "Days since.", "share": 0.4}],
        "bands": [0.3, 0.6],
        "champion": "m",
        "models": [
            {
                "name": "m",
                "test": {
                    "predicted_total": estimate(1356.0, 1330.0, 1383.0, "customers"),
                    "realised_total": estimate(1062.0, 1016.0, 1117.0, "customers"),
                    "predicted_over_realised": estimate(1.28, 1.22, 1.33, "times"),
                },
            }
        ],
    },
    "value": {"bands": [100.0, 1000.0]},
}


def test_the_grid_s_headline_says_how_few_carry_how_much() -> None:
    assert sentences.grid_headline(SUMMARY["cells"]) == (
        f"10{THIN}% of the customers carry 75{THIN}% of what is at stake"
    )


def test_what_to_see_speaks_of_the_costliest_cell_the_crowd_and_the_drivers() -> None:
    most, crowd, drivers, caution = sentences.what_to_see(SUMMARY)
    assert caution.startswith("Read the sums as high")
    assert "High CLV / High churn: 10 customers, 600 GBP at stake, on average 60 GBP" in most
    assert f"Low CLV / Low churn (90 customers), holds 25{THIN}%" in crowd
    assert f"days since (40{THIN}%)" in drivers


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (estimate(1.28, 1.22, 1.33, "times"), f"28 % too many (22–33{THIN}%)"),
        (estimate(0.8, 0.7, 0.95, "times"), f"20 % too few (5–30{THIN}%)"),
        (estimate(1.04, 0.98, 1.1, "times"), f"in line with what happened (0.98–1.10{THIN}×)"),
        (estimate(None, None, None), "too few"),
    ],
)
def test_leavers_predicted_are_held_against_leavers_seen(ratio: Any, said: str) -> None:
    champion = SUMMARY["churn"]["models"][0]
    test = {**champion["test"], "predicted_over_realised": ratio}
    churn = {**SUMMARY["churn"], "models": [{**champion, "test": test}]}
    assert sentences.reality({**SUMMARY, "churn": churn}) == ("1,356 / 1,062", said)


def test_bands_say_what_they_cover() -> None:
    assert sentences.churn_words(SUMMARY, "Low") == f"under 30{THIN}%"
    assert sentences.churn_words(SUMMARY, "Medium") == f"30{THIN}% to 60{THIN}%"
    assert sentences.clv_words(SUMMARY, "High") == "1,000 GBP and more"


def test_an_empty_grid_has_no_share_to_tell() -> None:
    assert sentences.loss_share(cell("Low", "Low", 0, 0.0), [cell("Low", "Low", 0, 0.0)]) == 0.0
