"""Value by subscriptions: the price of a month times the chance that it is paid.

Retention is fitted to the length of spells (shifted-beta-geometric).  Where no spell was ever seen
to end, the churn rate of the test cutoff takes its place, as one constant rate, and the run says
so; at the test cutoff itself, where that rate lies ahead, the rate of the validation cutoff.  The
forecast is tested on payments where the data have any.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cip.contract.config import Config
from cip.engine.durations import Durations
from cip.engine.subscriptions import RunningSpells
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
from cip.types import BoolArray, Estimate, FeatureFrame, FloatArray, LabelledFrame, Verdict
from cip.wording import count, percent


def value_by_subscriptions(looked: Looked, subscribers: Subscribers, config: Config) -> Value:
    """Values of the customers of `looked.score`, in its order; unknown without a running spell."""
    horizon, terms = config.snapshot.horizon_days, terms_of(config)
    model, notes = _retention(subscribers.durations_score, looked.test, horizon)
    paying, price, age, note = _paid_by(looked.score, subscribers.score)

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

    tested, at_test = _tested(subscribers, looked, config)
    nothing = np.full(len(looked.score), np.nan)
    return Value(
        method="price and retention (shifted-beta-geometric)",
        parameters={
            "alpha": model.alpha,
            "beta": model.beta,
            "customers": float(model.customers),
        },
        notes=(*notes, *note, *_without(paying)),
        verdict=tested.verdict if isinstance(tested, Backtest) else tested,
        errors=tested.errors if isinstance(tested, Backtest) else {},
        clv=subscription_clv(model, price, age, terms),
        clv_if_retained=subscription_clv_if_retained(model, price, age, terms, horizon),
        p_alive=nothing,
        purchase_days=nothing,
        total_clv=total_subscription_interval(model, price, age, terms, seed=config.run.seed),
        total_loss=total_loss,
        at_test=at_test,
        unknown=None if paying.all() else ~paying,
        unknown_reason=_NO_SPELL,
    )


_NO_SPELL: Final = "no running subscription is known"


def _without(paying: BoolArray) -> tuple[str, ...]:
    if paying.all():
        return ()
    said = f"{count((~paying).sum())} of {count(len(paying))} customers"
    return (f"Of {said} {_NO_SPELL}: their value is not known, and sums leave them out.",)


def _paid_by(
    customers: FeatureFrame, spells: RunningSpells
) -> tuple[BoolArray, FloatArray, FloatArray, tuple[str, ...]]:
    """(n,) who has a spell, price a month, months since the start; notes on the prices.

    Price and months are 0 without a spell.
    """
    price, note = _filled(spells.price)
    place = {who: n for n, who in enumerate(spells.customer_id)}
    rows = np.array([place.get(who, -1) for who in customers.customer_id])
    paying, age = rows >= 0, spells.age_days / MONTH_DAYS
    return paying, np.where(paying, price[rows], 0.0), np.where(paying, age[rows], 0.0), note


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


def _tested(
    subscribers: Subscribers, looked: Looked, config: Config
) -> tuple[Backtest | Verdict, FloatArray]:
    """By one fit at the test cutoff: payments expected against those that came, and the values."""
    test, horizon = looked.test, config.snapshot.horizon_days
    # what followed the test cutoff is not known at it; what followed the one before is
    model, _ = _retention(subscribers.durations_test, looked.validation, horizon)
    _, price, age, _ = _paid_by(test.features, subscribers.test)
    worth = subscription_clv_if_retained(model, price, age, terms_of(config), horizon)
    if not np.any(test.future_value):
        said = "The data hold no payments, so the value cannot be tested."
        return Verdict("signal", "not tested", said), worth
    found = backtest(
        subscription_clv(model, price, age, plain_terms(config, horizon)),
        test.future_value,
        price * horizon / MONTH_DAYS,
        currency=config.workspace.currency,
        resamples=config.run.draws,
        seed=config.run.seed,
    )
    return found, worth
