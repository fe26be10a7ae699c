"""Calibration of the margin: none, a sigmoid where it is seen to help, or a table on demand."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from cip.errors import ModelError
from cip.models.calibrate_maps import Isotonic, VennAbers, fit_isotonic, fit_venn_abers
from cip.models.resample import customer_folds
from cip.types import BoolArray, FloatArray

FOLDS: Final = 5
FEWEST: Final = 20


Kind = Literal["none", "sigmoid", "isotonic", "venn_abers"]
Method = Literal["auto", "none", "sigmoid", "isotonic", "venn_abers"]


@dataclass(frozen=True)
class Calibration:
    """From the margin of a model to the calibrated margin; it never falls where the margin rises.

    `sigmoid`: `a * margin + b`; `isotonic` and `venn_abers`: their tables, and `a` and `b` of the
    sigmoid on the same rows, by which reasons are scaled.  `log_loss_before` and `log_loss_after`
    are what the choice was made on, if it was measured.
    """

    kind: Kind = "none"
    a: float = 1.0
    b: float = 0.0
    log_loss_before: float | None = None
    log_loss_after: float | None = None
    isotonic: Isotonic | None = None
    venn_abers: VennAbers | None = None

    def apply(self, margin: FloatArray) -> FloatArray:
        """(n,) calibrated margin."""
        table = self._table
        if table is not None:
            return table.apply(margin)
        return margin if self.kind == "none" else self.a * margin + self.b

    def interval(self, margin: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """(n,) lower and upper p_churn by the margin before calibration; Venn-Abers alone."""
        return None if self.venn_abers is None else self.venn_abers.interval(margin)

    def explain(
        self, base: float, contributions: FloatArray, margin: FloatArray
    ) -> tuple[float, FloatArray]:
        """The calibrated base margin and (n, k) contributions that add up to calibrated margins.

        `margin`: (n,) before calibration, which base and contributions add up to.
        A sigmoid scales them all.  Under a table no scale is exact, so what raises the risk and
        what lowers it are scaled apart: signs stay, and each row adds up (docs/decisions/0031).
        """
        if self._table is None:
            return self.a * base + self.b, self.a * contributions
        ends = self.apply(np.append(base, margin))
        return float(ends[0]), _stretched(contributions, ends[1:] - ends[0], self.a)

    @property
    def _table(self) -> Isotonic | VennAbers | None:
        return self.isotonic or self.venn_abers

    def as_dict(self) -> dict[str, Any]:
        """What is published of it: JSON-ready, without the tables."""
        return {
            "kind": self.kind,
            "a": self.a,
            "b": self.b,
            "log_loss_before": self.log_loss_before,
            "log_loss_after": self.log_loss_after,
        }

    def to_json(self) -> str:
        """As text; floats keep every bit."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """The calibration `to_json` wrote; ModelError if the text is something else."""
        try:
            return _read(json.loads(text))
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelError(
                "M-104",
                f"The calibration cannot be read: {type(error).__name__} {error}.",
                "The file is damaged or of another version: train again, or restore it.",
            ) from error


NO_CALIBRATION: Final = Calibration()


def fit_sigmoid(margin: FloatArray, churned: BoolArray) -> tuple[float, float]:
    """`(a, b)` such that expit(a * margin + b) has the least log loss on the rows given.

    The outcomes are drawn in a little (Platt 1999, equation 9; Lin, Lin and Weng 2007), so that
    perfect separation still has a finite answer.
    """
    left = int(np.count_nonzero(churned))
    stayed = len(churned) - left
    target = np.where(churned, (left + 1) / (left + 2), 1 / (stayed + 2))
    x = np.column_stack([margin, np.ones_like(margin)])

    def loss(ab: FloatArray) -> float:
        z = x @ ab
        return float(np.mean(np.logaddexp(0.0, z) - target * z))

    def slope(ab: FloatArray) -> FloatArray:
        step: FloatArray = (expit(x @ ab) - target) @ x / len(x)
        return step

    def bend(ab: FloatArray) -> FloatArray:
        q = expit(x @ ab)
        curvature: FloatArray = (x * (q * (1 - q))[:, None]).T @ x / len(x)
        return curvature

    found = minimize(loss, np.array([1.0, 0.0]), jac=slope, hess=bend, method="trust-exact")
    return float(found.x[0]), float(found.x[1])


def choose_calibration(
    margin: FloatArray,
    churned: BoolArray,
    customer_id: NDArray[Any],
    seed: int,
    method: Method = "auto",
) -> Calibration:
    """The method asked for; `auto`: the sigmoid if it lowers the log loss, else no calibration.

    The arrays are (n,), from rows later than the training; each fifth of the customers is scored
    by a calibration of the others, which gives the log loss after.  No calibration at all where
    fewer than 20 left or stayed, or where it would turn the ranking round.
    """
    if method == "none" or min(np.count_nonzero(churned), np.count_nonzero(~churned)) < FEWEST:
        return NO_CALIBRATION
    kind: Kind = "sigmoid" if method == "auto" else method
    fold = customer_folds(customer_id, FOLDS, seed=seed)
    moved = np.empty_like(margin)
    for k in range(FOLDS):
        part = _fit(kind, margin[fold != k], churned[fold != k])
        moved[fold == k] = part.apply(margin[fold == k])
    before, after = _log_loss(margin, churned), _log_loss(moved, churned)
    fitted = _fit(kind, margin, churned)
    if fitted.a <= 0 or (method == "auto" and after >= before):
        return Calibration(log_loss_before=before, log_loss_after=after)
    return replace(fitted, log_loss_before=before, log_loss_after=after)


def _fit(kind: Kind, margin: FloatArray, churned: BoolArray) -> Calibration:
    a, b = fit_sigmoid(margin, churned)
    if kind == "isotonic":
        return Calibration(kind, a, b, isotonic=fit_isotonic(margin, churned))
    if kind == "venn_abers":
        return Calibration(kind, a, b, venn_abers=fit_venn_abers(margin, churned))
    return Calibration(kind, a, b)


def _read(found: dict[str, Any]) -> Calibration:
    """Older files have no tables."""
    isotonic, venn_abers = (found.get(key) for key in ("isotonic", "venn_abers"))
    return Calibration(
        **{key: value for key, value in found.items() if key not in ("isotonic", "venn_abers")},
        isotonic=None if isotonic is None else Isotonic(**_tuples(isotonic)),
        venn_abers=None if venn_abers is None else VennAbers(**_tuples(venn_abers)),
    )


def _tuples(table: dict[str, list[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(values) for name, values in table.items()}


def _stretched(contributions: FloatArray, moved: FloatArray, scale: float) -> FloatArray:
    """(n, k) contributions whose rows add up to `moved`, each with the sign that it had.

    What raises is multiplied by scale + r and what lowers by scale - r; where that would turn a
    sign round, one of the two counts nothing and the other everything.
    """
    up, down = (np.maximum(sign * contributions, 0.0).sum(axis=1) for sign in (1, -1))
    size = up + down
    rest = np.divide(moved - scale * (up - down), size, out=np.zeros_like(size), where=size > 0)
    rising, falling = np.maximum(scale + rest, 0.0), np.maximum(scale - rest, 0.0)
    rising = np.where(falling == 0, np.divide(moved, up, out=rising.copy(), where=up > 0), rising)
    falling = np.where(
        rising == 0, np.divide(-moved, down, out=falling.copy(), where=down > 0), falling
    )
    stretched: FloatArray = np.where(
        contributions > 0, rising[:, None] * contributions, falling[:, None] * contributions
    )
    return stretched


def _log_loss(margin: FloatArray, churned: BoolArray) -> float:
    return float(np.mean(np.logaddexp(0.0, margin) - np.where(churned, margin, 0.0)))
