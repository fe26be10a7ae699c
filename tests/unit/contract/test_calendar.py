from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.contract.calendar import make_calendar
from cip.contract.config import SnapshotSection
from cip.errors import ContractError

FIRST = datetime(2009, 12, 1, tzinfo=UTC)


def test_the_retail_data_give_these_cutoffs() -> None:
    calendar = make_calendar(FIRST, datetime(2011, 12, 10, tzinfo=UTC), SnapshotSection())
    assert calendar.score == datetime(2011, 12, 10, tzinfo=UTC)
    assert calendar.test == datetime(2011, 9, 11, tzinfo=UTC)
    assert calendar.validation == datetime(2011, 6, 6, tzinfo=UTC)
    assert calendar.train[-1] == datetime(2011, 3, 1, tzinfo=UTC)
    assert len(calendar.train) == 12


@given(
    days=st.integers(30, 2000),
    horizon=st.integers(1, 200),
    gap=st.integers(0, 60),
    every=st.integers(1, 90),
    history=st.integers(1, 365),
)
def test_no_label_window_reaches_into_the_next_part(
    days: int, horizon: int, gap: int, every: int, history: int
) -> None:
    rules = SnapshotSection(
        horizon_days=horizon, gap_days=gap, every_days=every, min_history_days=history
    )
    end = FIRST + timedelta(days=days)
    if days < history + 3 * horizon + 2 * gap:
        with pytest.raises(ContractError, match="horizon"):
            make_calendar(FIRST, end, rules)
        return
    calendar = make_calendar(FIRST, end, rules)
    gapped = timedelta(days=horizon + gap)
    assert calendar.train[-1] + gapped <= calendar.validation
    assert calendar.validation + gapped <= calendar.test
    assert calendar.test + calendar.horizon <= end == calendar.score
    assert calendar.train[0] >= FIRST + timedelta(days=history)
    assert list(calendar.train) == sorted(set(calendar.train))
    assert len(calendar.train) <= rules.max_cutoffs


def test_too_short_data_say_how_many_days_are_needed() -> None:
    with pytest.raises(ContractError, match="374") as caught:
        make_calendar(FIRST, FIRST + timedelta(days=200), SnapshotSection())
    assert caught.value.code == "C-201"
