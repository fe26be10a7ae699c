"""What a customer is worth by a stated rule, where a column says what they pay a month.

A customer who stays pays the same sum every month until the horizon's end; one who leaves pays
nothing more.  Without time neither can be tested, and the run says so (docs/decisions/0019).
"""

from __future__ import annotations

import numpy as np

from cip.contract.config import Config
from cip.decisions.expected_loss import expected_value_loss
from cip.flows.plain_look import PlainLooked
from cip.flows.value import Value, terms_of
from cip.models.clv.monthly import months_worth, value_if_staying
from cip.types import Estimate, FloatArray, Verdict
from cip.wording import count, percent


def value_of_months(looked: PlainLooked, p_churn: FloatArray, config: Config) -> Value | str:
    """Values of everybody, in the order of `looked.score`; or why there are none.

    Who has left by the label is worth nothing more: `clv` 0, `clv_if_retained` NaN.
    """
    name = config.value.monthly
    if name is None:
        return (
            "No column says what a customer is worth, so nothing is said in money and customers "
            "are ranked by their risk. Where one does, name it: [value] monthly = '...'."
        )
    given = np.asarray(looked.score.columns[name], dtype=np.float64)
    if np.isnan(given[looked.is_here]).all():
        return f"The column {name} is empty for everybody, so nothing is said in money."
    return _valued(*_filled(given, looked, name), looked, p_churn, config)


def _filled(given: FloatArray, looked: PlainLooked, name: str) -> tuple[FloatArray, str]:
    """Unknown sums become the median of the known ones, and a sentence says so."""
    unknown = np.isnan(given) & looked.is_here
    if not unknown.any():
        return given, ""
    usual = float(np.nanmedian(given[looked.is_here]))
    said = f"{name} is empty for {count(unknown.sum())} customers: the median {usual:g} is taken."
    return np.where(np.isnan(given), usual, given), said


def _valued(
    monthly: FloatArray, note: str, looked: PlainLooked, p_churn: FloatArray, config: Config
) -> Value:
    terms, here = terms_of(config), looked.is_here
    if_retained = value_if_staying(monthly, terms)
    worth = np.where(here, (1 - p_churn) * if_retained, 0.0)
    nothing = np.full(len(here), np.nan)

    def total_loss(p: FloatArray) -> Estimate:
        return _sum(expected_value_loss(p[here], if_retained[here]), terms.currency)

    return Value(
        method=f"{config.value.monthly} a month while the customer stays",
        parameters={"months_worth": months_worth(terms), "customers": float(here.sum())},
        notes=(_rule(config), *([note] if note else [])),
        verdict=Verdict("signal", "not tested", _UNTESTED),
        errors={},
        clv=worth,
        clv_if_retained=np.where(here, if_retained, np.nan),
        p_alive=nothing,
        purchase_days=nothing,
        total_clv=_sum(worth, terms.currency),
        total_loss=total_loss,
        at_test=if_retained[looked.known],
    )


_UNTESTED = (
    "Value here is an assumption, not a forecast: a table without time cannot show what customers "
    "later paid."
)


def _rule(config: Config) -> str:
    value = config.value
    return (
        f"The rule: who stays pays {value.monthly} every month for {value.horizon_days} days, of "
        f"which {percent(value.margin, 0)} is kept, discounted at "
        f"{percent(value.discount_rate_yearly, 0)} a year; who leaves pays nothing more."
    )


def _sum(values: FloatArray, currency: str) -> Estimate:
    nan = float("nan")
    return Estimate(
        float(values.sum()), nan, nan, unit=currency, reason="a rule: it has no interval"
    )
