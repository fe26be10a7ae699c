"""Parts of pages that are pure: blocks of HTML, the grid of one segment, labels, choices."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cip.errors import NotReadyError
from cip.faces.dashboard import formats, sentences, state
from cip.faces.dashboard.parts import blocks, details, lists, rivals, segments
from cip.faces.dashboard.screens import clusters
from cip.faces.serve import SCRIPT, healthy
from cip.flows.customer_facts import Recommendation
from cip.settings import Workspace

SCREENS = ("overview", "lookup", "clusters", "performance", "about")
NASTY = "<img src=x onerror=alert(1)>"
THIN = "\u202f"


def estimate(value: float | None, half: float = 0.0, unit: str = "") -> dict[str, Any]:
    low, high = (None, None) if value is None else (value - half, value + half)
    return {"value": value, "low": low, "high": high, "unit": unit, "reason": "too few"}


def recommendation(**changed: Any) -> Recommendation:
    fields: dict[str, Any] = {
        "place": 1,
        "item_id": "i",
        "title": "Heat",
        "category": "Crime",
        "fit": 0.93,
        "because": "Ronin",
        "is_fallback": False,
        "predicted_rating": 4.25,
    }
    return Recommendation(**{**fields, **changed})


@pytest.mark.parametrize("name", SCREENS)
def test_every_page_can_be_imported_and_called(name: str) -> None:
    assert callable(import_module(f"cip.faces.dashboard.screens.{name}").page)


def test_no_folder_beside_the_script_is_taken_for_pages_by_streamlit() -> None:
    assert not (SCRIPT.parent / "pages").exists()


def test_the_longest_bar_fills_the_width_and_nothing_makes_no_error() -> None:
    html = blocks.bars([blocks.Bar("a", 3.0, "3"), blocks.Bar("b", 1.5, "1.5")])
    assert re.findall(r"width:([\d.]+)%", html) == ["100.0", "50.0"]
    assert "width:0.0%" in blocks.bars([blocks.Bar("a", 0.0, "0")])
    assert blocks.bars([]) == '<div class="bars"></div>'


def test_a_segment_keeps_its_colour_and_colours_come_again_after_eight() -> None:
    assert [blocks.segment_kind(n) for n in (0, 7, 8)] == ["seg0", "seg7", "seg0"]


@pytest.mark.parametrize(("cards", "columns"), [(1, 1), (4, 4), (5, 5), (6, 3), (7, 4), (8, 4)])
def test_personas_stand_in_rows_as_full_as_can_be(cards: int, columns: int) -> None:
    assert f'class="personas p{columns}"' in blocks.personas(["<div></div>"] * cards)


def test_a_recommendation_says_why_or_that_it_is_a_fallback() -> None:
    popular = recommendation(is_fallback=True, because=None)
    mixed = blocks.recommended([recommendation(), popular])
    assert "because of Ronin" in mixed
    assert mixed.count(f"93{THIN}% fit") == 1
    assert mixed.count("predicted 4.2 of 5") == 2
    unrated = blocks.recommended([recommendation(), popular], with_ratings=False)
    assert "predicted" not in unrated
    assert mixed.count("fallback</em>") == 1
    assert "popular now: too little is known" in mixed


def test_a_list_of_popular_items_alone_is_not_sold_as_taste() -> None:
    shown = [recommendation(is_fallback=True, because=None)]
    title = details.title(shown, "Erica", {"personal": False})
    html = title + blocks.recommended(shown) + " ".join(details.first_thing(shown))
    assert "Popular now, for Erica" in html
    assert "own lists were no better" in html
    assert not any(word in html for word in ("would like", "fallback", "fit<", ">–<", "Put «"))
    assert "too little is known" in details.title(shown, "Erica", {})


def test_the_parts_of_a_list_add_up_and_are_hidden_where_no_item_has_a_category() -> None:
    shown = [recommendation(category=f"Kind {k}") for k in range(9)] + [recommendation()] * 10
    said = re.findall(r'class="n">(\d+)', details.kinds(shown))
    assert len(said) == 8
    assert "others" in details.kinds(shown)
    assert sum(map(int, said)) == pytest.approx(100, abs=len(said) / 2)
    assert details.kinds([recommendation(category=None)]) == ""
    assert "others" not in details.kinds(shown[:8])


@pytest.mark.parametrize(
    ("ratings", "can_choose"),
    [
        ({"rmse": estimate(1.125), "baseline_rmse": estimate(1.116)}, False),
        ({"rmse": estimate(0.9), "baseline_rmse": estimate(1.1)}, True),
        ({"verdict": {"word": "no signal", "sentence": "No."}}, False),
        ({"verdict": {"word": "useful", "sentence": "Yes."}}, True),
        (None, True),
    ],
)
def test_ratings_no_better_than_their_mean_choose_nothing(ratings: Any, can_choose: bool) -> None:
    part = {"ratings": ratings}
    assert lists.can_choose_by_rating(part) is can_choose
    assert can_choose or "no signal" in lists.ratings_line(part)


def test_what_comes_from_the_data_is_escaped_in_every_block() -> None:
    made = [
        blocks.facts([(NASTY, NASTY)]),
        blocks.bars([blocks.Bar(NASTY, 1, NASTY, NASTY)]),
        blocks.persona("seg0", NASTY, NASTY, [(NASTY, NASTY)], NASTY),
        blocks.recommended([recommendation(title=NASTY, category=NASTY, because=NASTY)]),
        blocks.segment_name(0, NASTY),
    ]
    assert all("<img" not in html for html in made)


def test_the_grid_of_a_segment_has_every_cell_of_everybody_s() -> None:
    everybody = [
        {"clv_band": band, "churn_band": "Low", "customers": 9, "expected_value_loss": 5.0}
        for band in ("Low", "High")
    ]
    theirs = {
        "segment": 1,
        "clv_band": "High",
        "churn_band": "Low",
        "customers": 2,
        "clv": 3.0,
        "p_churn": 0.1,
        "expected_value_loss": 1.0,
    }
    low, high = segments.grid_of([theirs, {**theirs, "segment": 0}], 1, everybody)
    assert (low["customers"], low["expected_value_loss"]) == (0, 0)
    assert (high["customers"], high["expected_value_loss"]) == (2, 1.0)


def test_the_mean_value_is_of_those_whose_value_is_known() -> None:
    cells = [{"segment": 0, "valued": n} for n in (2, 1)]
    known = segments.valued({"value": {"unknown": {"customers": 1}}}, cells)
    assert segments.mean_value({"segment": 0, "customers": 4, "clv": 300.0}, known) == 100.0
    assert segments.mean_value({"segment": 1, "customers": 4, "clv": 0.0}, known) is None
    assert segments.valued({"value": {}}, cells) is None
    assert segments.mean_value({"segment": 0, "customers": 4, "clv": 300.0}, None) == 75.0


@pytest.mark.parametrize(
    ("clv", "title"), [([900.0, 510.0], "about the same"), ([900.0, 800.0], "A hold the largest")]
)
def test_the_largest_segment_is_not_called_worth_most_where_means_are_alike(
    clv: list[float], title: str
) -> None:
    sizes = zip("AB", (9, 5), clv, strict=True)
    items = [{"name": n, "segment": 0, "customers": size, "clv": sum_} for n, size, sum_ in sizes]
    assert title in segments.most(items, "clv", None)


def test_a_card_names_the_cell_that_its_action_is_for() -> None:
    cell = {"segment": 1, "clv_band": "High", "churn_band": "Low", "customers": 2, "p_churn": 0.1}
    cell |= {"clv": 3.0, "expected_value_loss": 1.0}
    summary = {
        "value": {},
        "churn": {"promoted": True},
        "cells": [{**cell, "customers": 9}],
        "priority_segments": [{"name": "High CLV / Low churn", "what_to_do": "Say thank you."}],
    }
    said = clusters.what_to_do({"segment": 1}, summary, [cell])
    assert said == "Most is at stake in High CLV / Low churn (2 customers). Say thank you."


def test_the_widest_axis_is_found_where_a_segment_has_no_value() -> None:
    items = [{"profile": [10, None, 50]}, {"profile": [20, 40, 90]}]
    assert segments.widest(items, ["a", "b", "c"]) == "c"


def test_labels_that_come_twice_are_told_apart() -> None:
    assert formats.distinct({"r1": "Shop", "r2": "Shop", "r3": "Stream"}) == {
        "r1": "Shop · r1",
        "r2": "Shop · r2",
        "r3": "Stream",
    }


def test_the_sensitivity_says_both_ends_and_marks_the_horizon_in_use() -> None:
    rows = [
        {"horizon_days": days, "customers": 10, "churn_rate": rate}
        for days, rate in ((28, 0.68), (90, 0.39))
    ]
    html = rivals.sensitivity({"sensitivity": rows, "calendar": {"horizon_days": 90}})
    assert f"With 28 days 68{THIN}% would count as leavers, with 90 days 39{THIN}%" in html
    assert ">90 days ahead</th>" in html
    assert html.count('class="n on"') == 2
    assert rivals.sensitivity({}) == ""


def test_other_definitions_stand_below_the_one_in_use() -> None:
    rows = [
        {"label": name, "is_primary": own, "horizon_days": days, "customers": 10, "churn_rate": r}
        for name, own, days, r in (
            ("purchase", True, 28, 0.7),
            ("purchase", True, 90, 0.4),
            ("inactivity", False, 28, 0.9),
            ("is_gone", False, None, 0.1),
        )
    ]
    html = rivals.sensitivity({"sensitivity": rows, "calendar": {"horizon_days": 28}})
    assert f"With 28 days 70{THIN}% would count as leavers, with 90 days 40{THIN}%" in html
    assert '<th class="n on">28 days ahead</th>' in html
    assert (
        html.index("<b>Purchase</b>") < html.index("<b>Inactivity</b>") < html.index("<b>Is gone")
    )
    assert ">At any time</th>" in html
    assert html.count("of 10 customers") == 4


def test_without_a_model_it_is_not_claimed_that_nothing_moves_the_risk() -> None:
    html = rivals.importance({"churn": {"importance": []}})
    assert "Nothing is shown to move the risk" in html


def test_without_labels_there_is_no_table_of_them() -> None:
    assert rivals.labels({}) == ""


@pytest.mark.parametrize(
    ("ours", "popular", "seen", "are_served", "said"),
    [
        (0.1, 0.05, 100, True, "Show them their own list"),
        (0.05, 0.05, 100, True, "Show them what is popular"),
        (0.1, 0.05, 12, True, "Show them what is popular"),
        (0.1, 0.05, 100, False, "They are shown what is popular"),
    ],
)
def test_advice_for_a_customer_little_known_follows_the_interval_and_what_is_served(
    ours: float, popular: float, seen: int, are_served: bool, said: str
) -> None:
    step = {"ndcg": estimate(ours, 0.01), "baseline_ndcg": estimate(popular), "customers": seen}
    assert lists.advice(step, are_served=are_served)[0].startswith(said)


@pytest.mark.parametrize(
    ("seen", "ndcg", "said"),
    [
        (0, None, "Nobody with 21+ interactions known could be judged"),
        (2, 0.0, "With 21+ interactions known: 2 customers, too few to tell"),
        (30, 0.1, "With 21+ interactions known, NDCG is 0.100 against 0.100"),
    ],
)
def test_a_step_with_too_few_customers_shows_no_figure(
    seen: int, ndcg: float | None, said: str
) -> None:
    assert "1–2 interactions" in lists.cold_title({"history": "1-2", "customers": 0})
    step = {"history": "21+", "customers": seen}
    step |= {"ndcg": estimate(ndcg), "baseline_ndcg": estimate(ndcg)}
    assert lists.cold_title(step).startswith(said)


def test_workspaces_come_by_the_name_of_their_folder_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [tmp_path / "a" / "shop", tmp_path / "b" / "shop", tmp_path / "stream"]
    monkeypatch.setenv("CIP_WORKSPACE", os.pathsep.join(map(str, roots)))
    found = state.workspaces()
    assert list(found) == ["shop", "shop-2", "stream"]
    assert [each.root for each in found.values()] == roots


def test_without_any_workspace_the_page_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIP_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotReadyError):
        state.workspaces()
    demo = tmp_path / "workspaces" / "retail"
    demo.mkdir(parents=True)
    (demo / "cip.toml").touch()
    assert list(state.workspaces()) == ["retail"]


def test_health_speaks_of_every_workspace(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = Workspace(tmp_path / "one"), Workspace(tmp_path / "two")
    assert healthy(one) == {"ok": True, "run": None}
    assert healthy(one, two) == {
        "ok": True,
        "run": None,
        "others": {"two": {"ok": True, "run": None}},
    }


def test_a_figure_without_an_interval_has_no_empty_brackets() -> None:
    assert formats.with_spread(estimate(0.5, 0.02), 2) == "0.50 (0.48–0.52)"
    assert formats.with_spread(estimate(0.5), 2) == "0.50"
    assert formats.with_spread(estimate(None)) == "too few"


def test_an_attribute_reads_as_a_person_would_write_it() -> None:
    assert [formats.plain(v) for v in (44.0, 1.5, "Japan", None)] == ["44", "1.5", "Japan", "–"]


def test_a_part_that_the_run_lacks_says_why() -> None:
    lacking = {"segments": {"reason": "Too few customers."}}
    assert sentences.part_of(lacking, "segments") is None
    assert sentences.part_of({}, "segments") is None
    assert sentences.part_of({"segments": {"k": 3}}, "segments") == {"k": 3}
    assert sentences.why_missing(lacking, "segments", "Run again.") == "Too few customers."
    assert sentences.why_missing({}, "segments", "Run again.") == "Run again."
