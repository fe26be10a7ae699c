"""What a published model says of one customer or of many: one definition for every face.

A `Scorer` reads the model's folder alone, so the folder that `cip export` writes serves as well.
It gives the same bits for a row alone and among others, and for equal rows in any order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit

from cip import columns as c
from cip.decisions.priority import THREE
from cip.flows.decide import NOT_PROMOTED, as_json, interval_columns, main_reason
from cip.flows.model_folder import MODEL, columns_of, read_model, serving_of
from cip.models.churn.model import ChurnModel, Explained
from cip.models.encode_parts import Levels, Value
from cip.models.explain import all_reasons
from cip.stores.customers import MAIN_REASON, REASONS
from cip.types import FeatureFrame, FeatureInfo, FloatArray, Reason

MARGIN: Final = "margin"


@dataclass(frozen=True, slots=True)
class Score:
    """One customer: probability of leaving, its log-odds, and the band by fixed cut-points.

    `p_churn_low` and `p_churn_high` are the ends of its interval, where the model gives one.
    """

    p_churn: float
    margin: float
    churn_band: str
    p_churn_low: float | None = None
    p_churn_high: float | None = None


@dataclass(frozen=True)
class Scorer:
    """The model of one run, what its features are called, and the cut-points of the bands.

    `infos` are in the order of `model.features`; `typical` says by feature what is usual, for
    reasons.  A run whose model was not promoted scores everybody with the base rate.
    """

    run_id: str
    model: ChurnModel
    infos: tuple[FeatureInfo, ...]
    bands: tuple[float, ...]
    typical: Mapping[str, Value]

    @cached_property
    def categories(self) -> tuple[Levels, ...]:
        """The parts of the encoder that read text."""
        return tuple(part for part in self.model.encoder.parts if isinstance(part, Levels))

    def predict_one(self, values: Mapping[str, Value]) -> Score:
        """The score of one customer, features by name.

        None and NaN are missing; text that training did not know, or knew from few rows, counts as
        the level `other`.  Raises: ModelError M-101 naming every feature that is not there, M-102
        for a value of the wrong type, M-103 for an infinite one.
        """
        return self._score(self.model.raw_margin_one(values))

    def reasons_one(self, values: Mapping[str, Value]) -> list[Reason]:
        """Why, the weightiest fact first; the points add up to p_churn minus the base's."""
        return self.explain_one(values)[1]

    def explain_one(self, values: Mapping[str, Value]) -> tuple[Score, list[Reason]]:
        """What `predict_one` and `reasons_one` say, for little more than the reasons alone."""
        found = self.model.explain_one(values)
        score = self._score(found.raw_margin)
        columns = {info.name: (values[info.name],) for info in self.infos}
        return score, self._reasons(columns, found, np.array([score.margin]))[0]

    def predict(self, table: pa.Table, *, with_reasons: bool = False) -> pa.Table:
        """`p_churn`, `margin` and `churn_band`, row by row as in `table`.

        Between them the ends of the interval, where the model gives one; `with_reasons` adds
        `main_reason` and `reasons` (JSON), about a fifth of a millisecond a row.
        Raises: as `predict_one`.
        """
        return self.predict_columns(self.columns(table), table.num_rows, with_reasons=with_reasons)

    def columns(self, table: pa.Table) -> dict[str, NDArray[Any]]:
        """The features of an Arrow table as the model reads them; further columns are ignored."""
        return columns_of(table, self.infos)

    def predict_columns(
        self, columns: Mapping[str, NDArray[Any]], rows: int, *, with_reasons: bool = False
    ) -> pa.Table:
        """The same from columns of `rows` values each."""
        frame = FeatureFrame(
            np.empty(rows, dtype=object), np.empty(rows, "datetime64[us]"), columns
        )
        found = self.model.explain(frame) if with_reasons else None
        raw = self.model.raw_margin(frame) if found is None else found.raw_margin
        margin = self.model.calibration.apply(raw)
        p: FloatArray = expit(margin)
        band = np.array(THREE, dtype=object)[np.searchsorted(self.bands, p, side="right")]
        scored = {
            c.P_CHURN: p,
            **interval_columns(self.model.calibration.interval(raw)),
            MARGIN: margin,
            c.CHURN_BAND: pa.array(band, pa.string()),
        }
        if found is None:
            return pa.table(scored)
        why = self._reasons(columns, found, margin)
        return pa.table(
            {
                **scored,
                MAIN_REASON: pa.array(
                    [main_reason(listed).sentence for listed in why], pa.string()
                ),
                REASONS: pa.array([as_json(listed) for listed in why], pa.string()),
            }
        )

    def unknown(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, int]:
        """By category, the values that count as `other`: rare in training, or never seen there."""
        counted = {part.name: part.unknown(columns[part.name]) for part in self.categories}
        return {name: values for name, values in counted.items() if values}

    def _score(self, raw: FloatArray) -> Score:
        """Of a (1,) margin before calibration."""
        margin = float(self.model.calibration.apply(raw)[0])
        p = float(expit(margin))
        ends = self.model.calibration.interval(raw)
        interval = () if ends is None else (float(ends[0][0]), float(ends[1][0]))
        return Score(p, margin, THREE[bisect_right(self.bands, p)], *interval)

    def _reasons(
        self,
        columns: Mapping[str, Sequence[Value] | NDArray[Any]],
        found: Explained,
        margin: FloatArray,
    ) -> list[list[Reason]]:
        if not self.infos:
            return [[NOT_PROMOTED]] * len(margin)
        return all_reasons(
            self.infos, columns, self.typical, found.contributions, base=found.base, margin=margin
        )


def open_scorer(folder: Path) -> Scorer:
    """The scorer of a published run's folder, or of a model folder that `cip export` wrote.

    Raises: ModelError A-001 to A-004 where the files are not those of the manifest, F-301 where
    they are of another schema, M-104 to M-121 where they are no model, F-302 as `serving_of`.
    """
    where = folder / MODEL if (folder / MODEL).is_dir() else folder
    model, manifest = read_model(where)
    said = serving_of(folder, manifest)
    infos = {given["name"]: FeatureInfo(**given) for given in said["features"]}
    return Scorer(
        run_id=str(manifest["run_id"]),
        model=model,
        infos=tuple(infos[name] for name in model.features),
        bands=tuple(said["bands"]),
        typical=said["typical"],
    )
