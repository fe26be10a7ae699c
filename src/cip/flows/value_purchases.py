"""Value by purchases: BG/NBD and Gamma-Gamma, tested on the last horizon, then fitted anew.

The backtest fits at the test cutoff and compares the next horizon's spend with what happened; the
values come from a fit at the scoring cutoff, on every customer who ever bought.  Who never bought
is worth 0: the models know nobody before the first purchase.
"""

from __future__ import annotations

import numpy as np

from cip.contract.config import Config
from cip.engine.aggregates import RfmArrays
from cip.flows.look import Looked, Purchases
from cip.flows.value import Value, plain_terms, terms_of
from cip.models.clv.backtest import Backtest, backtest
from cip.models.clv.bgnbd import BgNbd, fit_bgnbd, p_alive
from cip.models.clv.gamma_gamma import GammaGamma, fit_gamma_gamma, value_independence
from cip.models.clv.interval import total_clv_interval, total_loss_interval
from cip.models.clv.value import PurchaseHistory, clv, clv_if_retained
from cip.types import BoolArray, Estimate, FeatureFrame, FloatArray, IntArray
from cip.wording import count, minus


def value_by_purchases(looked: Looked, purchases: Purchases, config: Config) -> Value:
    """Values of the customers of `looked.score`, in its order."""
    everybody = history_of(purchases.score)
    model, spend = _fitted(everybody)
    terms, horizon = terms_of(config), config.snapshot.horizon_days
    rows, bought = _rows_of(looked.score, purchases.score)
    scored = history_of(purchases.score, rows[bought])

    def total_loss(p_churn: FloatArray) -> Estimate:
        return total_loss_interval(
            model,
            spend,
            scored,
            terms,
            p_churn=p_churn[bought],
            churn_horizon_days=horizon,
            seed=config.run.seed,
        )

    def of_all(values: FloatArray, otherwise: float) -> FloatArray:
        return _spread(values, bought, otherwise)

    tested, at_test = _tested(looked.test.features, purchases.test, config)
    parameters = {name: getattr(model, name) for name in ("r", "alpha", "a", "b")}
    parameters |= {name: getattr(spend, name) for name in ("p", "q", "gamma")}
    return Value(
        method="BG/NBD and Gamma-Gamma",
        parameters=parameters | {"customers": float(model.customers)},
        notes=(_independence(everybody),),
        verdict=tested.verdict,
        errors=tested.errors,
        clv=of_all(clv(model, spend, scored, terms), 0.0),
        clv_if_retained=of_all(clv_if_retained(model, spend, scored, terms, horizon), 0.0),
        p_alive=of_all(p_alive(model, scored.frequency, scored.recency, scored.age), np.nan),
        purchase_days=of_all(scored.observations, 0.0),
        total_clv=total_clv_interval(model, spend, scored, terms, seed=config.run.seed),
        total_loss=total_loss,
        at_test=at_test,
    )


def history_of(rfm: RfmArrays, rows: IntArray | slice = slice(None)) -> PurchaseHistory:
    """What the value models read, for all customers or for the rows given."""
    return PurchaseHistory(
        rfm.frequency[rows], rfm.recency_days[rows], rfm.age_days[rows], rfm.mean_value[rows]
    )


def _fitted(history: PurchaseHistory) -> tuple[BgNbd, GammaGamma]:
    return (
        fit_bgnbd(history.frequency, history.recency, history.age),
        fit_gamma_gamma(history.observations, history.mean_value),
    )


def _rows_of(customers: FeatureFrame, rfm: RfmArrays) -> tuple[IntArray, BoolArray]:
    """Where each customer stands among all who ever bought, sorted by id; and who did buy."""
    who, everybody = customers.customer_id.astype(str), rfm.customer_id.astype(str)
    rows = np.searchsorted(everybody, who).astype(np.int64)
    found = np.append(everybody, "")[rows] == who
    return rows, found


def _spread(values: FloatArray, bought: BoolArray, otherwise: float) -> FloatArray:
    """(n,) the values of those who bought, in their places, and `otherwise` of the others."""
    spread = np.full(len(bought), otherwise)
    spread[bought] = values
    return spread


def _tested(customers: FeatureFrame, rfm: RfmArrays, config: Config) -> tuple[Backtest, FloatArray]:
    """By one fit at the test cutoff: how it forecast, and each customer's value if retained."""
    earlier, horizon = history_of(rfm), config.snapshot.horizon_days
    model, spend = _fitted(earlier)
    found = backtest(
        clv(model, spend, earlier, plain_terms(config, horizon)),
        rfm.future_value,
        rfm.spend_before,
        currency=config.workspace.currency,
        resamples=config.run.draws,
        seed=config.run.seed,
    )
    rows, bought = _rows_of(customers, rfm)
    theirs = history_of(rfm, rows[bought])
    worth = clv_if_retained(model, spend, theirs, terms_of(config), horizon)
    return found, _spread(worth, bought, 0.0)


def _independence(history: PurchaseHistory) -> str:
    """What the Gamma-Gamma model takes for granted, and how far it holds."""
    found = value_independence(history.observations, history.mean_value)
    return (
        "Value takes spend per purchase day to be independent of how often a customer buys; "
        f"among {count(len(history))} customers their correlation is "
        + minus(f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f}).")
    )
