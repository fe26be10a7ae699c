"""`cip score` on a published run: rows by its model, ids by what was published, both with ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.flows.actors import local_owner
from cip.flows.model_folder import MODEL, SCHEMA_HASH, SERVING, schema_hash, serving_manifest
from cip.flows.score import Scored, score
from cip.flows.scorer import open_scorer
from cip.flows.steps import Silent
from cip.models.calibrate import choose_calibration
from cip.models.churn.model import fit_churn
from cip.settings import Workspace
from cip.stores.customers import CUSTOMER_COLUMNS, write_customers
from cip.stores.lookup import Lookup
from cip.stores.published import seal_run, stage_run, write_summary
from cip.stores.records import open_records
from cip.stores.registry import write_artefacts
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

INFOS = (
    FeatureInfo("quiet", "number", "days", "days quiet", "Quiet {v} days ({usual})", "quiet"),
    FeatureInfo("plan", "category", "", "plan", "On {v} ({usual})", "plan"),
)
ENDS = ("p_churn_low", "p_churn_high")
ACTOR = local_owner()


def drawn(rows: int, seed: int) -> LabelledFrame:
    rng = np.random.default_rng(seed)
    quiet = rng.gamma(2.0, 20.0, rows)
    plan = rng.choice(np.array(["basic", "plus"], dtype=object), rows)
    ids = np.array([f"k{i}" for i in range(rows)], dtype=object)
    frame = FeatureFrame(ids, np.zeros(rows, "datetime64[us]"), {"quiet": quiet, "plan": plan})
    return LabelledFrame(frame, rng.random(rows) < 1 / (1 + np.exp(2 - quiet / 25)), np.zeros(rows))


def publish(folder: Path, method: str, name: str = "lightgbm") -> Workspace:
    """A run of 50 customers k0 to k49, whose model is called `name` and calibrated by `method`."""
    train, later = drawn(800, 1), drawn(400, 2)
    model = fit_churn(name, train, INFOS, seed=1, threads=1)
    margin, ids = model.margin(later.features), later.features.customer_id
    model = model.calibrated(choose_calibration(margin, later.churned, ids, 1, method))
    scored = later.features.take(np.arange(50))
    workspace = Workspace(folder)
    with open_records(workspace.records_url) as records:
        run_id = records.start_run(
            ACTOR, data_versions={}, config_fingerprint="", code_version="", seed=1
        )
        staging = stage_run(workspace.published, run_id)
        write_summary(staging, {"format": 1, "run_id": run_id})
        said = {
            "name": model.name,
            "run_id": run_id,
            SCHEMA_HASH: schema_hash(model.encoder),
            SERVING: serving_manifest(model, train.features, INFOS, (0.3, 0.6)),
        }
        write_artefacts(staging / MODEL, model.artefacts(), said)
        interval = model.interval(scored)
        ends = {} if interval is None else dict(zip(ENDS, interval, strict=True))
        given = {
            "rank": np.arange(1, 51),
            "customer_id": scored.customer_id,
            "p_churn": model.predict(scored),
            "reasons": ["[]"] * 50,
        }
        empty = {name: pa.nulls(50) for name in CUSTOMER_COLUMNS if name not in given}
        write_customers(staging, pa.table(given | empty | ends).select([*CUSTOMER_COLUMNS, *ends]))
        seal_run(staging, workspace.published, run_id)
        records.finish_run(run_id, seconds=0.0, summary={})
        records.publish(run_id, ACTOR)
    workspace.config_path.touch()
    return workspace


@pytest.fixture(scope="module", params=["venn_abers", "none"])
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, str]:
    return publish(tmp_path_factory.mktemp("scored"), request.param), request.param


def scored(workspace: Workspace, rows: pa.Table, folder: Path) -> tuple[Scored, pa.Table]:
    pq.write_table(rows, folder / "in.parquet")
    done = score(
        workspace, folder / "in.parquet", folder / "out.parquet", actor=ACTOR, progress=Silent()
    )
    return done, pq.read_table(folder / "out.parquet")


def rows_of(frame: FeatureFrame) -> pa.Table:
    return pa.table({"customer_id": frame.customer_id, **frame.columns})


def test_both_ends_of_the_probability_are_there_where_venn_abers_gives_them(
    published: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, method = published
    rows = rows_of(drawn(400, 2).features).slice(0, 50)
    _, by_model = scored(workspace, rows, tmp_path)
    _, by_id = scored(workspace, rows.select(["customer_id"]), tmp_path)
    for found in (by_model, by_id):
        assert all((end in found.column_names) == (method == "venn_abers") for end in ENDS)
    same = ["p_churn", *(ENDS if method == "venn_abers" else ())]
    assert by_model.select(same).equals(by_id.select(same))
    if method == "venn_abers":
        low, p, high = (by_id[name].to_numpy() for name in ("p_churn_low", "p_churn", ENDS[1]))
        assert np.all((low <= p) & (p <= high))
        assert np.any(low < high)


def test_where_no_model_serves_it_is_said_that_all_scores_are_the_base_rate(tmp_path: Path) -> None:
    workspace = publish(tmp_path, "none", "base_rate")
    ids = tmp_path / "ids.csv"
    ids.write_text("customer_id\nk1\nk2\n", encoding="utf-8")
    done = score(workspace, ids, tmp_path / "out.csv", actor=ACTOR, progress=Silent())
    assert done.as_dict()["base_rate"]
    assert "every score is the base rate" in " ".join(done.lines())


def test_one_customer_has_the_ends_of_the_file(
    published: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, method = published
    rows = rows_of(drawn(60, 5).features)
    done, found = scored(workspace, rows, tmp_path)
    scorer = open_scorer(workspace.published / done.run_id)
    for row, said in zip(rows.to_pylist(), found.to_pylist(), strict=True):
        one = scorer.predict_one(row)
        assert (one.p_churn_low, one.p_churn_high) == tuple(said.get(end) for end in ENDS)
        assert (one.p_churn_low is None) == (method != "venn_abers")


def test_ids_keep_their_order_and_come_as_often_as_they_are_asked_for(
    published: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, _ = published
    ids = ["k7", "k3", None, "k7", " k3 ", "nobody", ""]
    done, found = scored(workspace, pa.table({"who": ids}), tmp_path)
    lookup = Lookup(workspace.published / done.run_id / "lookup.sqlite")
    alone = [lookup.customer(who) if who else None for who in ids]
    assert found["customer_id"].to_pylist() == ids
    assert found["p_churn"].to_pylist() == [row and row["p_churn"] for row in alone]
    assert done.not_found == 3
