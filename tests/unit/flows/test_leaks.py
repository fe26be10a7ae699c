"""Keeping suspects out of a table, putting them back, and what the headlines say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from tests.made import config_of

from cip.contract.config import Config
from cip.flows.headlines import leak_lines
from cip.flows.leaks import Leaks, drop, leaks_of, rest, together, without
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame


def config(*allow: str) -> Config:
    return config_of(("age", "reason"), churn={"allow": allow}, run={"draws": 100})


@dataclass(frozen=True)
class Kept:
    frame: LabelledFrame
    infos: tuple[FeatureInfo, ...]
    leaks: Leaks


def kept(*allow: str) -> Kept:
    rng = np.random.default_rng(0)
    churned = rng.random(800) < 0.3
    who = np.array([f"c{k}" for k in range(800)], dtype=object)
    columns = {
        "age": rng.normal(40, 10, 800),
        "reason": np.where(churned, "moved", None).astype(object),
    }
    frame = FeatureFrame(who, np.full(800, np.datetime64("2026-01-01", "us")), columns)
    infos = [
        FeatureInfo("age", "number", "", "age", "Is {v} (typical {usual})", "age"),
        FeatureInfo("reason", "category", "", "why", "Is {v} (typical {usual})", "why"),
    ]
    labelled = LabelledFrame(frame, churned, np.full(800, np.nan))
    leaks = leaks_of(labelled, infos, config(*allow), label="left")
    return Kept(without(labelled, leaks.names_out), rest(infos, leaks.names_out), leaks)


def test_a_suspect_leaves_the_columns_and_the_infos_alike() -> None:
    made = kept()
    assert list(made.frame.features.columns) == ["age"]
    assert [info.name for info in made.infos] == ["age"]
    assert made.leaks.names_out == {"reason"}
    assert made.leaks.said() == "kept out: reason"
    (told,) = made.leaks.as_dict()["suspects"]
    assert (told["feature"], told["state"], told["label"]) == ("reason", "kept out", "left")


def test_allowed_it_is_back_and_still_shown() -> None:
    made = kept("reason")
    assert list(made.frame.features.columns) == ["age", "reason"]
    assert len(made.infos) == 2
    assert made.leaks.names_out == frozenset()
    (told,) = made.leaks.as_dict()["suspects"]
    assert told["state"] == "allowed"


def test_headlines_name_what_is_kept_out_and_what_is_allowed() -> None:
    assert leak_lines({"leaks": kept().leaks.as_dict()})[0].endswith("the future: reason.")
    (allowed,) = leak_lines({"leaks": kept("reason").leaks.as_dict()})
    assert allowed == "Allowed though it looks as if it knew the future: reason."
    assert leak_lines({}) == []


def test_dropping_columns_leaves_the_rows_and_the_other_columns() -> None:
    frame = kept("reason").frame.features
    assert list(drop(frame, {"age", "unknown"}).columns) == ["reason"]
    assert len(drop(frame, {"age"})) == len(frame)


def test_what_is_found_under_several_labels_is_told_once_and_kept_out_under_all() -> None:
    one = kept().leaks
    other = replace(one, suspects=tuple(("gone", suspect) for _, suspect in one.suspects))
    nothing = replace(one, suspects=())
    assert together(one, other).suspects == one.suspects
    assert together(nothing, other).names_out == {"reason"}
    assert together(nothing, other).suspects[0][0] == "gone"
