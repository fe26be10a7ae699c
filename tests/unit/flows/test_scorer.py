"""One definition of a score: the same bits for one customer, for many, and in any company."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.errors import ModelError
from cip.flows.model_folder import SCHEMA_HASH, SERVING, schema_hash, serving_manifest
from cip.flows.scorer import Scorer, open_scorer
from cip.models.calibrate import Calibration, choose_calibration
from cip.models.churn.mix import Mix
from cip.models.churn.model import ChurnModel, fit_churn, mixed
from cip.stores.registry import MANIFEST, write_artefacts
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

NAMES = ("base_rate", "logistic_regression", "lightgbm", "xgboost", "blend")
TABLES = ("isotonic", "venn_abers")
"""LightGBM again, under the calibrations that are tables."""
INFOS = (
    FeatureInfo("days_quiet", "number", "days", "days quiet", "Quiet {v} days ({usual})", "quiet"),
    FeatureInfo("spent", "number", "EUR", "money spent", "Spent {v} ({usual})", "money"),
    FeatureInfo("visits", "number", "times", "visits", "{v} visits ({usual})", "visits"),
    FeatureInfo("plan", "category", "", "plan", "On {v} ({usual})", "plan"),
)


def drawn(rows: int, seed: int) -> LabelledFrame:
    rng = np.random.default_rng(seed)
    quiet = rng.gamma(2.0, 20.0, rows)
    spent = np.where(rng.random(rows) < 0.2, np.nan, rng.lognormal(3, 1, rows))
    plan = rng.choice(np.array(["basic", "plus", "=risky", None], dtype=object), rows)
    columns = {
        "days_quiet": quiet,
        "spent": spent,
        "visits": rng.poisson(1.0, rows).astype(float),
        "plan": plan,
    }
    frame = FeatureFrame(
        np.array([f"k{i}" for i in range(rows)], dtype=object),
        np.zeros(rows, "datetime64[us]"),
        columns,
    )
    return LabelledFrame(frame, rng.random(rows) < 1 / (1 + np.exp(2 - quiet / 25)), np.zeros(rows))


TRAIN, LATER = drawn(1500, 1), drawn(300, 2)


def calibration(method: str, model: ChurnModel) -> Calibration:
    if method not in TABLES:
        return Calibration("sigmoid", 0.9, 0.1 / 3)
    rows = drawn(400, 5)
    ids = rows.features.customer_id
    return choose_calibration(model.margin(rows.features), rows.churned, ids, 1, method)


def fitted(name: str) -> ChurnModel:
    if name != "blend":
        return fit_churn(name, TRAIN, INFOS, seed=3, threads=1)
    members = ("logistic_regression", "lightgbm", "xgboost")
    models = {member: fitted(member) for member in members}
    return mixed("blend", Mix(dict.fromkeys(members, 1 / 3), 0.1), models)


def write(folder: Path, called: str, **changed: Any) -> Path:
    name = "lightgbm" if called in TABLES else called
    model = fitted(name)
    model = model.calibrated(calibration(called, model))
    said = {
        "name": name,
        "run_id": "r1",
        "features": list(model.features),
        SCHEMA_HASH: schema_hash(model.encoder),
        SERVING: serving_manifest(model, TRAIN.features, INFOS, (0.3, 0.6)),
    }
    write_artefacts(folder, model.artefacts(), said | changed)
    return folder


@pytest.fixture(scope="module")
def scorers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scorer]:
    folder = tmp_path_factory.mktemp("models")
    return {name: open_scorer(write(folder / name, name)) for name in (*NAMES, *TABLES)}


def as_table(frame: FeatureFrame) -> pa.Table:
    return pa.table(
        {name: pa.array(values, from_pandas=True) for name, values in frame.columns.items()}
    )


number = st.one_of(st.none(), st.floats(allow_infinity=False, width=32), st.integers(-9, 9))
customer = st.fixed_dictionaries(
    {
        "days_quiet": number,
        "spent": number,
        "visits": number,
        "plan": st.sampled_from(["basic", "plus", "=risky", "never seen", "", None]),
    }
)


@pytest.mark.parametrize("name", [*NAMES, *TABLES])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(customer, min_size=1, max_size=12))
def test_one_customer_has_the_bits_of_the_batch(
    scorers: dict[str, Scorer], name: str, rows: list[dict[str, Any]]
) -> None:
    scorer = scorers[name]
    kinds = {info.name: pa.string() if info.kind == "category" else pa.float64() for info in INFOS}
    table = pa.table({k: pa.array([row[k] for row in rows], kind) for k, kind in kinds.items()})
    batch = scorer.predict(table, with_reasons=True).to_pylist()
    for row, found in zip(rows, batch, strict=True):
        one = scorer.predict_one(row)
        assert (one.p_churn, one.margin, one.churn_band) == (
            found["p_churn"],
            found["margin"],
            found["churn_band"],
        )
        ends = (found.get("p_churn_low"), found.get("p_churn_high"))
        assert (one.p_churn_low, one.p_churn_high) == ends
        assert (None in ends) == (name != "venn_abers")
        listed = [(r.fact, r.sentence, r.points) for r in scorer.reasons_one(row)]
        said = [(r["fact"], r["sentence"], r["points"]) for r in json.loads(found["reasons"])]
        assert listed == said


@pytest.mark.parametrize("name", [*NAMES, *TABLES])
def test_company_and_order_change_no_bit(scorers: dict[str, Scorer], name: str) -> None:
    table = as_table(LATER.features)
    whole = scorers[name].predict(table)
    turned = np.arange(len(table))[::-1]
    assert scorers[name].predict(table.take(turned)).take(turned).equals(whole)
    parts = [scorers[name].predict(table.slice(k, 7)) for k in range(0, len(table), 7)]
    assert pa.concat_tables(parts).combine_chunks().equals(whole.combine_chunks())


def test_scores_are_those_of_the_model_that_was_fitted(scorers: dict[str, Scorer]) -> None:
    scorer = scorers["lightgbm"]
    p = scorer.predict(as_table(LATER.features))["p_churn"].to_numpy()
    assert p.tobytes() == scorer.model.predict(LATER.features).tobytes()


def test_missing_is_none_nan_or_an_empty_cell(scorers: dict[str, Scorer]) -> None:
    nan = float("nan")
    for name in NAMES:
        one, other = (
            scorers[name].predict_one(
                {"days_quiet": gone, "spent": gone, "visits": gone, "plan": gone}
            )
            for gone in (None, nan)
        )
        assert one == other


def test_a_level_that_training_never_saw_counts_as_other(scorers: dict[str, Scorer]) -> None:
    scorer, values = scorers["lightgbm"], {"days_quiet": 3.0, "spent": 5.0, "visits": 1}
    odd = scorer.predict_one({**values, "plan": "never seen"})
    assert odd == scorer.predict_one({**values, "plan": "nor this"})
    plan = np.array(["basic", "never seen", None, "nor this"], dtype=object)
    assert scorer.unknown({"plan": plan}) == {"plan": 2}
    assert scorer.unknown({"plan": plan[:1]}) == {}


def test_a_column_that_lacks_is_named(scorers: dict[str, Scorer]) -> None:
    with pytest.raises(ModelError, match=r"M-101.*2 of 4.*spent, plan"):
        scorers["xgboost"].predict_one({"days_quiet": 3.0, "visits": 1.0})
    with pytest.raises(ModelError, match="M-101"):
        scorers["xgboost"].predict(as_table(LATER.features).drop_columns(["spent"]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"spent": "12"}, r"M-102.*spent must hold a number; it holds '12'"),
        ({"plan": 3.0}, r"M-102.*plan must hold text; it holds 3.0"),
        ({"visits": float("inf")}, "M-103.*visits"),
        ({"visits": 10**400}, "M-103.*visits"),
    ],
)
def test_a_wrong_type_is_refused_in_words(
    scorers: dict[str, Scorer], changed: dict[str, Any], said: str
) -> None:
    values = {"days_quiet": 3.0, "spent": 5.0, "visits": 1, "plan": "basic"}
    for name in NAMES[1:]:
        with pytest.raises(ModelError, match=said):
            scorers[name].predict_one(values | changed)


def test_whole_numbers_and_bools_are_numbers_in_arrow_too(scorers: dict[str, Scorer]) -> None:
    columns = {"days_quiet": [3], "spent": [None], "visits": [True], "plan": ["basic"]}
    one = {"days_quiet": 3, "spent": None, "visits": True, "plan": "basic"}
    for name in NAMES:
        batch = scorers[name].predict(pa.table(columns))
        assert batch["p_churn"].to_pylist() == [scorers[name].predict_one(one).p_churn]


def test_the_points_of_the_reasons_add_up(scorers: dict[str, Scorer]) -> None:
    values = {"days_quiet": 90.0, "spent": 5.0, "visits": 1, "plan": "basic"}
    base, _ = scorers["lightgbm"].model.contributions_one(values)
    points = sum(reason.points for reason in scorers["lightgbm"].reasons_one(values))
    p = scorers["lightgbm"].predict_one(values).p_churn
    assert points == pytest.approx(p - 1 / (1 + np.exp(-base)), abs=1e-12)


def test_who_knows_nothing_says_so(scorers: dict[str, Scorer]) -> None:
    (only,) = scorers["base_rate"].reasons_one({})
    assert "base rate" in only.sentence
    assert scorers["base_rate"].predict(as_table(LATER.features)).num_rows == len(LATER)


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        change(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest))

    return tamper


def one_byte(folder: Path) -> None:
    content = bytearray((folder / "model.txt").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.txt").write_bytes(content)


class Bomb:
    """Unpickling it would leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def planted(folder: Path) -> None:
    """A pickle in place of the encoder, under a manifest that agrees with it."""
    content = pickle.dumps(Bomb(folder.parent / "exploded"))
    (folder / "encoder.json").write_bytes(content)
    said = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    edited(lambda m: m["files"].update({"encoder.json": said}))(folder)


def smuggled(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps(Bomb(folder.parent / "exploded")))


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (one_byte, r"A-004.*model.txt was changed"),
        (lambda f: (f / "encoder.json").unlink(), r"A-004.*encoder.json is listed but missing"),
        (planted, r"A-001.*encoder.json holds a pickle"),
        (smuggled, r"A-004.*model.pkl is not in the manifest"),
        (edited(lambda m: m.update(schema_hash="0" * 64)), "F-301.*another schema"),
        (edited(lambda m: m.update(format=9)), "A-003.*format 9"),
        (edited(lambda m: m.update(name="gremlin")), "M-121.*gremlin"),
        (edited(lambda m: m.update(name="xgboost")), "M-1"),
    ],
)
def test_a_folder_that_is_not_what_was_published_is_refused(
    tmp_path: Path, tamper: Callable[[Path], None], said: str
) -> None:
    folder = write(tmp_path / "model", "lightgbm")
    open_scorer(folder)
    tamper(folder)
    with pytest.raises(ModelError, match=said):
        open_scorer(folder)
    assert not (tmp_path / "exploded").exists()


def test_an_encoder_of_other_features_under_a_true_checksum_is_another_schema(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "model", "lightgbm")
    text = (folder / "encoder.json").read_text().replace("days_quiet", "days_silent")
    (folder / "encoder.json").write_text(text)
    said = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "size": len(text)}
    edited(lambda m: m["files"].update({"encoder.json": said}))(folder)
    with pytest.raises(ModelError, match="F-301"):
        open_scorer(folder)


def test_a_model_exported_before_scorers_says_what_to_do(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "lightgbm", serving=None)
    with pytest.raises(ModelError, match="F-302"):
        open_scorer(folder)
