"""What customers are worth: BG/NBD and Gamma-Gamma, tested on the last horizon, then fitted anew.

The backtest fits at the test cutoff and compares the next horizon's spend with what happened; the
values come from a fit at the scoring cutoff, on every customer who ever bought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cip.contract.config import Config
from cip.engine.aggregates import RfmArrays
from cip.flows.look import Looked
from cip.models.clv.backtest import Backtest, backtest
from cip.models.clv.bgnbd import BgNbd, fit_bgnbd, p_alive
from cip.models.clv.gamma_gamma import GammaGamma, fit_gamma_gamma, value_independence
from cip.models.clv.interval import total_clv_interval, total_loss_interval
from cip.models.clv.value import PurchaseHistory, ValueTerms, clv, clv_if_retained
from cip.types import Estimate, FloatArray, IntArray


@dataclass(frozen=True)
class Value:
    """The fitted models, how they did, and the value of each scored customer (n,), in currency."""

    model: BgNbd
    spend: GammaGamma
    terms: ValueTerms
    independence: Estimate
    backtest: Backtest
    history: PurchaseHistory
    clv: FloatArray
    clv_if_retained: FloatArray
    p_alive: FloatArray


def model_value(looked: Looked, config: Config) -> Value:
    """Values of the customers of `looked.score`, in its order."""
    everybody = history_of(looked.rfm_score)
    model = fit_bgnbd(everybody.frequency, everybody.recency, everybody.age)
    spend = fit_gamma_gamma(everybody.observations, everybody.mean_value)
    terms = ValueTerms(
        config.value.horizon_days,
        config.value.discount_rate_yearly,
        config.value.margin,
        config.workspace.currency,
    )
    scored = history_of(looked.rfm_score, rows_of(looked))
    return Value(
        model=model,
        spend=spend,
        terms=terms,
        independence=value_independence(everybody.observations, everybody.mean_value),
        backtest=_backtest(looked, config),
        history=scored,
        clv=clv(model, spend, scored, terms),
        clv_if_retained=clv_if_retained(model, spend, scored, terms, config.snapshot.horizon_days),
        p_alive=p_alive(model, scored.frequency, scored.recency, scored.age),
    )


def clv_total(value: Value, config: Config) -> Estimate:
    """The sum of all CLV, with where the money really received will lie."""
    return total_clv_interval(
        value.model, value.spend, value.history, value.terms, seed=config.run.seed
    )


def loss_total(value: Value, p_churn: FloatArray, config: Config) -> Estimate:
    """The sum of all expected value losses, with where the value really lost will lie."""
    return total_loss_interval(
        value.model,
        value.spend,
        value.history,
        value.terms,
        p_churn=p_churn,
        churn_horizon_days=config.snapshot.horizon_days,
        seed=config.run.seed,
    )


def rows_of(looked: Looked) -> IntArray:
    """Where each scored customer stands among all who ever bought; both are sorted by id."""
    everybody = looked.rfm_score.customer_id.astype(str)
    return np.asarray(np.searchsorted(everybody, looked.score.customer_id.astype(str)), np.int64)


def history_of(rfm: RfmArrays, rows: IntArray | slice = slice(None)) -> PurchaseHistory:
    """What the value models read, for all customers or for the rows given."""
    return PurchaseHistory(
        rfm.frequency[rows], rfm.recency_days[rows], rfm.age_days[rows], rfm.mean_value[rows]
    )


def _backtest(looked: Looked, config: Config) -> Backtest:
    earlier = history_of(looked.rfm_test)
    model = fit_bgnbd(earlier.frequency, earlier.recency, earlier.age)
    spend = fit_gamma_gamma(earlier.observations, earlier.mean_value)
    plain = ValueTerms(config.snapshot.horizon_days, 0.0, 1.0, config.workspace.currency)
    return backtest(
        clv(model, spend, earlier, plain),
        looked.rfm_test.future_value,
        looked.rfm_test.spend_before,
        currency=config.workspace.currency,
        resamples=config.run.draws,
        seed=config.run.seed,
    )
