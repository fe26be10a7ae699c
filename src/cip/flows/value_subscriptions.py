"""Value by subscriptions: the price of a month times the chance that it is paid.

Retention is fitted to the length of spells (shifted-beta-geometric).  Where no spell was ever seen
to end, the churn rate of the test cutoff takes its place, as one constant rate, and the run says
so.  The forecast is tested on payments where the data have any.
"""

from __future__ import annotations

import numpy as np

from cip.contract.config import Config
from cip.engine.durations import Durations
from cip.flows.look import Looked, Subscribers
from cip.flows.value import Value, plain_terms, terms_of
from cip.models.clv.backtest import Backtest, backtest
from cip.models.clv.subscription import (
    MONTH_DAYS,
    Retention,
    fit_retention,
    subscription_clv,
    subscription_clv_if_retained,
    total_subscription_interval,
    total_subscription_loss_interval,
)
from cip.types import Estimate, FloatArray, LabelledFrame, Verdict
from cip.wording import count, percent


def value_by_subscriptions(looked: Looked, subscribers: Subscribers, config: Config) -> Value:
    """Values of the customers of `looked.score`, in its order; without a spell they are worth 0."""
    horizon, terms = config.snapshot.horizon_days, terms_of(config)
    model, notes = _retention(subscribers.durations_score, looked.test, horizon)
    price, note = _filled(subscribers.score.price)
    age = subscribers.score.age_days / MONTH_DAYS
    place = {who: n for n, who in enumerate(subscribers.score.customer_id)}
    rows = np.array([place.get(who, -1) for who in looked.score.customer_id])
    paying = rows >= 0
    price, age = np.where(paying, price[rows], 0.0), np.where(paying, age[rows], 0.0)

    def total_loss(p_churn: FloatArray) -> Estimate:
        return total_subscription_loss_interval(
            model,
            price,
            age,
            terms,
            p_churn=p_churn,
            churn_horizon_days=horizon,
            seed=config.run.seed,
        )

    tested = _tested(subscribers, looked.test, config)
    nothing = np.full(len(looked.score), np.nan)
    return Value(
        method="price and retention (shifted-beta-geometric)",
        parameters={
            "alpha": model.alpha,
            "beta": model.beta,
            "customers": float(model.customers),
        },
        notes=(*notes, *note),
        verdict=tested.verdict if isinstance(tested, Backtest) else tested,
        errors=tested.errors if isinstance(tested, Backtest) else {},
        clv=subscription_clv(model, price, age, terms),
        clv_if_retained=subscription_clv_if_retained(model, price, age, terms, horizon),
        p_alive=nothing,
        purchase_days=nothing,
        total_clv=total_subscription_interval(model, price, age, terms, seed=config.run.seed),
        total_loss=total_loss,
    )


def _retention(
    durations: Durations, test: LabelledFrame, horizon_days: int
) -> tuple[Retention, tuple[str, ...]]:
    months = np.where(
        durations.observed,
        np.maximum(np.ceil(durations.days / MONTH_DAYS), 1),  # the last month was begun and paid
        np.floor(durations.days / MONTH_DAYS),
    )
    if not durations.observed.any():
        rate = max(float(test.churned.mean()), 0.5 / len(test))
        monthly = 1 - (1 - rate) ** (MONTH_DAYS / horizon_days)
        said = (
            "No subscription was seen to end, so retention cannot be fitted. In its place stands "
            f"the churn rate at the test date, {percent(monthly)} a month for everybody."
        )
        return _constant(monthly, len(test)), (said,)
    model = fit_retention(months, durations.observed)
    return model, (model.reason,) if model.reason else ()


def _constant(monthly: float, customers: int) -> Retention:
    """Everybody leaves at this monthly rate: customers that do not differ."""
    alike = 1e9
    variance = 1 / max(customers * monthly * (1 - monthly), 1e-9)
    return Retention(
        alpha=alike * monthly,
        beta=alike * (1 - monthly),
        log_likelihood=float("nan"),
        customers=customers,
        covariance=np.diag([variance, 0.0]),
        reason="no spell was seen to end",
    )


def _filled(price: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Unknown prices become the median of the known ones, and a sentence says so."""
    unknown = np.isnan(price)
    if not unknown.any():
        return price, ()
    usual = float(np.nanmedian(price)) if not unknown.all() else 0.0
    said = f"{count(unknown.sum())} of {count(len(price))} prices are unknown: the median is taken."
    return np.where(unknown, usual, price), (said,)


def _tested(subscribers: Subscribers, test: LabelledFrame, config: Config) -> Backtest | Verdict:
    """Payments expected at the test cutoff against those that came."""
    if not np.any(test.future_value):
        return Verdict(
            "signal", "not tested", "The data hold no payments, so the value cannot be tested."
        )
    horizon = config.snapshot.horizon_days
    model, _ = _retention(subscribers.durations_test, test, horizon)
    price, _ = _filled(subscribers.test.price)
    age = subscribers.test.age_days / MONTH_DAYS
    predicted = subscription_clv(model, price, age, plain_terms(config, horizon))
    place = {who: n for n, who in enumerate(subscribers.test.customer_id)}
    rows = np.array([place.get(who, -1) for who in test.features.customer_id])
    known = rows >= 0
    return backtest(
        np.where(known, predicted[rows], 0.0),
        test.future_value,
        np.where(known, price[rows] * horizon / MONTH_DAYS, 0.0),
        currency=config.workspace.currency,
        resamples=config.run.draws,
        seed=config.run.seed,
    )
