"""What a monthly sum is worth while it is paid: a rule, fitted to nothing."""

from __future__ import annotations

import numpy as np

from cip.models.clv.subscription import MONTH_DAYS
from cip.models.clv.value import ValueTerms
from cip.types import FloatArray


def months_worth(terms: ValueTerms) -> float:
    """What one unit of money a month brings over the whole horizon, discounted, after the margin.

    Months of 365/12 days, each paid in its middle; of a last month that is not whole, its share.
    """
    ends = np.append(np.arange(MONTH_DAYS, terms.horizon_days, MONTH_DAYS), terms.horizon_days)
    starts = np.concatenate([[0.0], ends[:-1]])
    paid = (ends - starts) / MONTH_DAYS
    worth = np.exp(-terms.daily_rate * (starts + ends) / 2)
    return float(terms.margin * (paid @ worth))


def value_if_staying(monthly: FloatArray, terms: ValueTerms) -> FloatArray:
    """(n,): discounted margin of customers who pay `monthly` until the horizon's end."""
    return monthly * months_worth(terms)
