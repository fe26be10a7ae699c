"""Value by purchases: BG/NBD and Gamma-Gamma, tested on the last horizon, then fitted anew.

The backtest fits at the test cutoff and compares the next horizon's spend with what happened; the
values come from a fit at the scoring cutoff, on every customer who ever bought.
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
from cip.types import Estimate, FloatArray, IntArray
from cip.wording import count


def value_by_purchases(looked: Looked, purchases: Purchases, config: Config) -> Value:
    """Values of the customers of `looked.score`, in its order."""
    everybody = history_of(purchases.score)
    model, spend = _fitted(everybody)
    terms, horizon = terms_of(config), config.snapshot.horizon_days
    scored = history_of(purchases.score, _rows_of(looked, purchases.score))

    def total_loss(p_churn: FloatArray) -> Estimate:
        return total_loss_interval(
            model,
            spend,
            scored,
            terms,
            p_churn=p_churn,
            churn_horizon_days=horizon,
            seed=config.run.seed,
        )

    tested = _backtest(purchases.test, config)
    parameters = {name: getattr(model, name) for name in ("r", "alpha", "a", "b")}
    parameters |= {name: getattr(spend, name) for name in ("p", "q", "gamma")}
    return Value(
        method="BG/NBD and Gamma-Gamma",
        parameters=parameters | {"customers": float(model.customers)},
        notes=(_independence(everybody),),
        verdict=tested.verdict,
        errors=tested.errors,
        clv=clv(model, spend, scored, terms),
        clv_if_retained=clv_if_retained(model, spend, scored, terms, horizon),
        p_alive=p_alive(model, scored.frequency, scored.recency, scored.age),
        purchase_days=scored.observations,
        total_clv=total_clv_interval(model, spend, scored, terms, seed=config.run.seed),
        total_loss=total_loss,
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


def _rows_of(looked: Looked, rfm: RfmArrays) -> IntArray:
    """Where each scored customer stands among all who ever bought; both are sorted by id."""
    everybody = rfm.customer_id.astype(str)
    return np.asarray(np.searchsorted(everybody, looked.score.customer_id.astype(str)), np.int64)


def _backtest(rfm: RfmArrays, config: Config) -> Backtest:
    earlier = history_of(rfm)
    model, spend = _fitted(earlier)
    return backtest(
        clv(model, spend, earlier, plain_terms(config, config.snapshot.horizon_days)),
        rfm.future_value,
        rfm.spend_before,
        currency=config.workspace.currency,
        resamples=config.run.draws,
        seed=config.run.seed,
    )


def _independence(history: PurchaseHistory) -> str:
    """What the Gamma-Gamma model takes for granted, and how far it holds."""
    found = value_independence(history.observations, history.mean_value)
    return (
        "Value takes spend per purchase day to be independent of how often a customer buys; "
        f"among {count(len(history))} customers their correlation is {found.value:.2f} "
        f"({found.low:.2f} to {found.high:.2f})."
    )
