"""Features of subscriptions, as known at the cutoff.

A row of the stage "spells" is one spell of one customer that began and was known before the
cutoff: `age` (days since it began), `running` (an end that lies at the cutoff or later, even one
announced in advance, is not known), `ended_day` (of those that ended), `started_at` and, where
mapped, `price` and `plan`, with `price_before` and `plan_before` of the spell before and
`price_number` and `plan_number` in time, each among the spells that have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import ibis

from cip import columns as c
from cip.engine.feature import Feature, count, ratio, settled
from cip.types import FeatureInfo

_MONTH_DAYS: Final = 365.25 / 12


def _running() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "current_price",
            "number",
            "money",
            "Price of a month in the spell that runs; empty while none runs.",
            "Pays {v} {currency} a month (typical {usual})",
            "price",
            decimals=2,
            unknown="Has no running subscription of a known price",
        ),
        "spells",
        lambda rows: rows.price.argmax(rows.started_at, where=rows.running & rows.price.notnull()),
        frozenset({c.PRICE}),
    )
    yield Feature(
        FeatureInfo(
            "current_plan",
            "category",
            "plan",
            "Plan of the spell that runs; empty while none runs.",
            "Plan is {v} (typical {usual})",
            "plan",
            unknown="Has no running subscription of a known plan",
        ),
        "spells",
        lambda rows: rows.plan.argmax(rows.started_at, where=rows.running & rows.plan.notnull()),
        frozenset({c.PLAN}),
    )
    yield Feature(
        FeatureInfo(
            "spell_months",
            "number",
            "months",
            "Months since the spell that runs began; empty while none runs.",
            "Has subscribed for {v} months (typical {usual})",
            "length of the subscription",
            decimals=1,
            unknown="Has no running subscription",
        ),
        "spells",
        lambda rows: ratio(rows.age.min(where=rows.running), ibis.literal(_MONTH_DAYS, "float64")),
    )


def _so_far() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "first_spell_months",
            "number",
            "months",
            "Months since the first subscription began.",
            "First subscribed {v} months ago (typical {usual})",
            "first subscription",
            decimals=1,
            unknown="Has never subscribed",
        ),
        "spells",
        lambda rows: ratio(rows.age.max(), ibis.literal(_MONTH_DAYS, "float64")),
    )
    yield Feature(
        FeatureInfo(
            "spells_all",
            "number",
            "spells",
            "Subscriptions begun so far, the one that runs included.",
            "Subscribed {v} times so far (typical {usual})",
            "number of subscriptions",
        ),
        "spells",
        lambda rows: rows.count(),
        empty=0.0,
    )
    yield Feature(
        FeatureInfo(
            "ended_spells_all",
            "number",
            "spells",
            "Subscriptions ended so far.",
            "Ended {v} subscriptions so far (typical {usual})",
            "number of subscriptions",
        ),
        "spells",
        lambda rows: count(~rows.running),
        empty=0.0,
    )


def _changes() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "plans_all",
            "number",
            "plans",
            "Different plans so far.",
            "Had {v} different plans so far (typical {usual})",
            "changes of plan",
        ),
        "spells",
        lambda rows: rows.plan.nunique(),
        frozenset({c.PLAN}),
        0.0,
    )
    yield Feature(
        FeatureInfo(
            "plan_changes_all",
            "number",
            "changes",
            "Subscriptions so far with another plan than the one before.",
            "Changed the plan {v} times so far (typical {usual})",
            "changes of plan",
        ),
        "spells",
        lambda rows: count(rows.plan_before.notnull() & (rows.plan != rows.plan_before)),
        frozenset({c.PLAN}),
        0.0,
    )
    yield Feature(
        FeatureInfo(
            "price_change",
            "number",
            "money",
            "Price of a month in the newest spell less that in the one before; empty below "
            "two spells with a price.",
            "The price of a month changed by {v} {currency} (typical {usual})",
            "price",
            decimals=2,
            unknown="Has not had two subscriptions of a known price",
        ),
        "spells",
        lambda rows: settled(
            (rows.price - rows.price_before).argmax(
                rows.price_number, where=rows.price_before.notnull()
            )
        ),
        frozenset({c.PRICE}),
    )


SUBSCRIPTIONS: Final[tuple[Feature, ...]] = (
    *_running(),
    *_changes(),
    *_so_far(),
)
