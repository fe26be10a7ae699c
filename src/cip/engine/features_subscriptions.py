"""Features of subscriptions, as known at the cutoff.

A row of the stage "spells" is one spell of one customer that began and was known before the
cutoff: `age` (days since it began), `running` (an end that lies at the cutoff or later, even one
announced in advance, is not known), `started_at` and, where mapped, `price` and `plan`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import ibis

from cip import columns as c
from cip.engine.feature import Feature, ratio
from cip.types import FeatureInfo

_MONTH_DAYS: Final = 365.25 / 12


def _running() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "current_price",
            "number",
            "money",
            "Price of a month in the spell that runs; undefined while none runs.",
            "Pays {v} {currency} a month (typical {usual})",
            "price",
            decimals=2,
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
            "Plan of the spell that runs; undefined while none runs.",
            "Plan is {v} (typical {usual})",
            "plan",
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
            "Months since the spell that runs began; undefined while none runs.",
            "Has subscribed for {v} months (typical {usual})",
            "length of the subscription",
            decimals=1,
        ),
        "spells",
        lambda rows: ratio(rows.age.min(where=rows.running), ibis.literal(_MONTH_DAYS, "float64")),
    )


SUBSCRIPTIONS: Final[tuple[Feature, ...]] = (
    *_running(),
    Feature(
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
    ),
)
