from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from cip import columns as c
from cip.errors import SettingsError
from cip.worlds.streaming.config import (
    DAY,
    MONTH,
    PLANS,
    PRICES,
    WEEK,
    Campaigns,
    PriceRise,
    StreamingConfig,
)
from cip.worlds.streaming.months import kept_price, p_lapses
from cip.worlds.streaming.simulate import StreamingWorld, simulate_streaming
from cip.worlds.streaming.titles import GENRES

CONFIG = StreamingConfig(customers=3_000, seed=1)
WORLD = simulate_streaming(CONFIG)
TABLES = ("customers", "items", "interactions", "subscriptions", "transactions", "treatments")
NEVER = np.iinfo(np.int64).max
# every draw is accepted and nothing follows: each session is one free choice
FREE = StreamingConfig(
    customers=4_000, days=56, titles=60, seed=5, p_follow=0, p_rewatch=0.999999, shown_share=0
)
FREE_WORLD = simulate_streaming(FREE)


def seconds(times: np.ndarray) -> np.ndarray:
    """After the start; NaT is never."""
    since = (times - np.datetime64(CONFIG.start, "us")).astype("timedelta64[s]")
    return np.where(np.isnat(times), NEVER, since.astype(np.int64))


def position(table: dict[str, np.ndarray], ids: np.ndarray, key: str) -> np.ndarray:
    return np.searchsorted(table[key].astype(str), ids.astype(str))


def customers_of(world: StreamingWorld, name: str) -> np.ndarray:
    ids = getattr(world, name)[c.CUSTOMER_ID]
    return position(world.customers, ids, c.CUSTOMER_ID)


INTERACTION_OF = customers_of(WORLD, "interactions")
INTERACTION_AT = seconds(WORLD.interactions[c.OCCURRED_AT])
KIND = WORLD.interactions[c.KIND]
SPELL_OF = customers_of(WORLD, "subscriptions")
SPELL_START = seconds(WORLD.subscriptions[c.STARTED_AT])
SPELL_END = seconds(WORLD.subscriptions[c.ENDED_AT])


def spell_at(customer: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The latest spell of the customer that has begun, or one of another customer if none has."""
    spells = SPELL_OF * (10 * CONFIG.seconds) + SPELL_START
    order = np.argsort(spells)
    at = np.searchsorted(spells[order], customer * (10 * CONFIG.seconds) + second, side="right")
    return order[at - 1]


def plays(world: StreamingWorld) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, item and second of each session."""
    rows = np.flatnonzero(world.interactions[c.KIND] == "play")
    item = position(world.items, world.interactions[c.ITEM_ID][rows], c.ITEM_ID)
    who = customers_of(world, "interactions")[rows]
    return who, item, seconds(world.interactions[c.OCCURRED_AT][rows])


PLAY_OF, PLAY_ITEM, PLAY_AT = plays(WORLD)


def test_the_same_config_gives_the_same_service_and_another_seed_another():
    again = simulate_streaming(StreamingConfig(customers=300, seed=1))
    same = simulate_streaming(StreamingConfig(customers=300, seed=1))
    other = simulate_streaming(StreamingConfig(customers=300, seed=2))
    for name in TABLES:
        for column, values in getattr(again, name).items():
            np.testing.assert_array_equal(values, getattr(same, name)[column])
    assert len(other.interactions[c.KIND]) != len(again.interactions[c.KIND])


@pytest.mark.parametrize("name", TABLES)
def test_columns_of_a_table_have_one_length_and_events_are_in_order_of_time(name: str):
    table = getattr(WORLD, name)
    assert len({len(values) for values in table.values()}) == 1
    time = c.STARTED_AT if name == "subscriptions" else c.OCCURRED_AT
    if time in table:
        assert (np.diff(seconds(table[time])) >= 0).all()
        assert seconds(table[time]).min() >= 0
        assert seconds(table[time]).max() < CONFIG.seconds


def test_ids_are_unique_and_every_event_names_a_customer_and_an_item_that_exist():
    for table, key in (
        (WORLD.customers, c.CUSTOMER_ID), (WORLD.items, c.ITEM_ID),
        (WORLD.items, c.TITLE), (WORLD.transactions, c.TRANSACTION_ID),
    ):  # fmt: skip
        assert len(set(table[key])) == len(table[key])
    for name in ("interactions", "subscriptions", "transactions", "treatments"):
        assert set(getattr(WORLD, name)[c.CUSTOMER_ID]) <= set(WORLD.customers[c.CUSTOMER_ID])
    assert set(WORLD.interactions[c.ITEM_ID]) - {None} <= set(WORLD.items[c.ITEM_ID])
    with_item = np.isin(KIND.astype(str), ["play", "rate", "impression", "click"])
    assert (np.not_equal(WORLD.interactions[c.ITEM_ID], None) == with_item).all()


def test_a_customers_first_spell_starts_at_sign_up_and_spells_do_not_overlap():
    first = np.full(CONFIG.customers, NEVER)
    np.minimum.at(first, SPELL_OF, SPELL_START)
    assert (first == seconds(WORLD.customers["signed_up_at"])).all()
    order = np.lexsort((SPELL_START, SPELL_OF))
    same = np.diff(SPELL_OF[order]) == 0
    assert same.sum() > 50
    assert (SPELL_END[order][:-1] <= SPELL_START[order][1:])[same].all()
    assert (SPELL_END > SPELL_START).all()


@pytest.mark.parametrize("kind", ["play", "rate", "search", "impression", "click"])
def test_nobody_watches_rates_searches_or_is_shown_anything_outside_a_spell(kind: str):
    rows = kind == KIND
    assert rows.sum() > 2_000
    spell = spell_at(INTERACTION_OF[rows], INTERACTION_AT[rows])
    assert (SPELL_OF[spell] == INTERACTION_OF[rows]).all()
    assert (INTERACTION_AT[rows] < SPELL_END[spell]).all()


def test_nobody_plays_a_title_before_it_is_out_and_titles_come_out_all_the_time():
    out = seconds(WORLD.items["available_at"])
    assert (out[PLAY_ITEM] <= PLAY_AT).all()
    assert (out <= 0).mean() == pytest.approx(0.6, abs=0.03)
    per_quarter = np.histogram(out[out > 0], bins=8, range=(0, CONFIG.seconds))[0]
    assert per_quarter.min() > 15
    assert len(np.unique(PLAY_ITEM)) > 0.95 * CONFIG.titles


def test_every_month_of_a_spell_is_paid_once_at_its_price_unless_the_payments_failed():
    paid = WORLD.transactions[c.AMOUNT] > 0
    who = customers_of(WORLD, "transactions")[paid]
    at = seconds(WORLD.transactions[c.OCCURRED_AT])[paid]
    spell = spell_at(who, at)
    assert (at < SPELL_END[spell]).all()
    assert (WORLD.transactions[c.AMOUNT][paid] == WORLD.subscriptions[c.PRICE][spell]).all()
    month, late = np.divmod(at - SPELL_START[spell], MONTH)
    assert set(late) == {0, 3 * DAY, 7 * DAY}
    failed = np.flatnonzero(KIND == "payment_failed")
    missed_spell = spell_at(INTERACTION_OF[failed], INTERACTION_AT[failed] - 1)
    missed_month = (INTERACTION_AT[failed] - SPELL_START[missed_spell]) // MONTH
    attempts = np.zeros((len(SPELL_OF), 30), dtype=int)
    np.add.at(attempts, (missed_spell, missed_month), 1)
    assert (attempts[spell, month] == np.searchsorted([0, 3 * DAY, 7 * DAY], late)).all()
    payments = np.zeros_like(attempts)
    np.add.at(payments, (spell, month), 1)
    begun = np.minimum(SPELL_END, CONFIG.seconds) - SPELL_START
    due = np.arange(30) * MONTH < begun[:, None]
    assert (payments <= due).all()
    unpaid = due & (payments == 0)
    assert (attempts[unpaid] > 0).all()
    assert unpaid.sum(axis=1).max() == 1


def test_a_spell_that_was_not_cancelled_ends_with_the_third_failed_payment():
    ended = SPELL_END < NEVER
    by_choice = WORLD.truth.cancelled_by_choice
    assert not by_choice[~ended].any()
    assert 0.05 < (~by_choice[ended]).mean() < 0.3
    failed = KIND == "payment_failed"
    failures = set(zip(INTERACTION_OF[failed], INTERACTION_AT[failed], strict=True))
    for spell in np.flatnonzero(ended & ~by_choice):
        for wait in (0, 4 * DAY, 7 * DAY):
            assert (SPELL_OF[spell], SPELL_END[spell] - wait) in failures
    assert ((SPELL_END - SPELL_START)[by_choice] % MONTH == 0).all()


def test_refunds_are_rare_and_give_back_a_payment_of_the_days_before():
    amount, at = WORLD.transactions[c.AMOUNT], seconds(WORLD.transactions[c.OCCURRED_AT])
    who = customers_of(WORLD, "transactions")
    back = np.flatnonzero(amount < 0)
    assert 0.001 < len(back) / len(amount) < 0.006
    for row in back:
        near = (who == who[row]) & (at < at[row]) & (at >= at[row] - 10 * DAY)
        assert (amount[near] == -amount[row]).any()


def decisions() -> np.ndarray:
    return np.flatnonzero(~np.isnan(WORLD.truth.months.p_cancel))


def test_customers_cancel_as_often_as_the_truth_says_in_every_tenth_of_risk():
    months = WORLD.truth.months
    rows = decisions()
    p, cancelled = months.p_cancel[rows], months.cancelled[rows]
    tenth = np.argsort(np.argsort(p)) * 10 // len(p)
    expected = np.bincount(tenth, p)
    deviation = np.sqrt(np.bincount(tenth, p * (1 - p)))
    assert np.abs((np.bincount(tenth, cancelled) - expected) / deviation).max() < 4
    assert expected[-1] > 8 * expected[0]
    assert not months.cancelled[np.isnan(months.p_cancel)].any()
    assert 0.03 < (months.cancelled | months.lapsed).mean() < 0.05


def test_spells_lapse_as_often_as_the_truth_says_in_every_fifth_of_risk():
    months = WORLD.truth.months
    begun, _ = months.take(np.arange(len(months.customer)))
    p = p_lapses(CONFIG, WORLD.truth.persons, begun)
    assert not months.lapsed[p == 0].any()
    p, lapsed = p[p > 0], months.lapsed[p > 0]
    fifth = np.argsort(np.argsort(p)) * 5 // len(p)
    expected, deviation = np.bincount(fifth, p), np.sqrt(np.bincount(fifth, p * (1 - p)))
    assert np.abs((np.bincount(fifth, lapsed) - expected) / deviation).max() < 4
    assert lapsed.sum() > 100


def test_a_regression_on_the_drivers_finds_the_stated_hazard():
    months, hazard = WORLD.truth.months, CONFIG.hazard
    rows = decisions()
    plan = WORLD.truth.persons.plan[months.customer[rows]]
    drivers = np.column_stack(
        [
            -months.satisfaction[rows],
            months.fall[rows],
            months.failed[rows],
            np.exp(-months.tenure[rows] / 3),
            plan == 0,
            plan == 2,
            -kept_price(CONFIG, WORLD.truth.persons, months.take(rows)[0]),
            months.voucher[rows],
        ]
    )
    truth = [
        hazard.dissatisfaction, hazard.fall, hazard.failed_payment, hazard.newness,
        hazard.plan[0], hazard.plan[2], hazard.kept_price, 1.0,
    ]  # fmt: skip
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(drivers, months.cancelled[rows])
    p = fitted.predict_proba(drivers)[:, 1]
    design = np.column_stack([np.ones(len(rows)), drivers])
    error = np.sqrt(np.diag(np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)))
    found = np.append(fitted.intercept_, fitted.coef_[0])
    assert np.abs((found - [hazard.base, *truth]) / error).max() < 4
    assert error[1:3].max() < 0.1


def test_the_drivers_in_the_truth_are_what_the_tables_show():
    months = WORLD.truth.months
    n = 30
    sessions, failed = np.zeros((2, CONFIG.customers, n), dtype=int)
    signed_up = seconds(WORLD.customers["signed_up_at"])
    np.add.at(sessions, (PLAY_OF, (PLAY_AT - signed_up[PLAY_OF]) // MONTH), 1)
    rows = KIND == "payment_failed"
    who, at = INTERACTION_OF[rows], INTERACTION_AT[rows]
    np.add.at(failed, (who, (at - signed_up[who]) // MONTH), 1)
    whole = months.start + MONTH <= CONFIG.seconds
    key = months.customer[whole], months.number[whole]
    assert (sessions[key] == months.sessions[whole]).all()
    assert (failed[key] == months.failed[whole]).all()


def test_observed_behaviour_foretells_cancelling_but_never_better_than_the_truth():
    months = WORLD.truth.months
    rows = decisions()
    cancelled = months.cancelled[rows]
    seen = np.column_stack(
        [
            months.fall[rows],
            months.failed[rows],
            np.exp(-months.tenure[rows] / 3),
            np.log1p(months.sessions[rows]),
        ]
    )
    learn = months.customer[rows] % 2 == 0
    model = LogisticRegression().fit(seen[learn], cancelled[learn])
    observed = roc_auc_score(cancelled[~learn], model.predict_proba(seen[~learn])[:, 1])
    best = roc_auc_score(cancelled[~learn], months.p_cancel[rows][~learn])
    assert 0.62 < observed < best - 0.03
    assert 0.75 < best < 0.85
    shuffled = np.random.default_rng(0).permutation(cancelled[~learn])
    assert abs(roc_auc_score(shuffled, months.p_cancel[rows][~learn]) - 0.5) < 0.06


def test_without_a_churn_signal_nobody_can_foresee_cancelling():
    months = simulate_streaming(
        StreamingConfig(customers=1_500, seed=3, titles=60, churn_signal=0, regime="none")
    ).truth.months
    known = ~np.isnan(months.p_cancel)
    assert np.ptp(months.p_cancel[known]) == 0
    cancelled = months.cancelled[known]
    assert cancelled.sum() > 150
    assert roc_auc_score(cancelled, -months.satisfaction[known]) == pytest.approx(0.5, abs=0.08)


def sessions_a_day(spells: np.ndarray, end: np.ndarray, first: int, last: int) -> float:
    """Mean sessions a day from `first` to `last` days before the ends of the spells given."""
    of = np.full(len(SPELL_OF), -1)
    of[spells] = np.arange(len(spells))
    at = of[spell_at(PLAY_OF, PLAY_AT)]
    before = (end[at] - PLAY_AT) / DAY
    return float(((at >= 0) & (before > last) & (before <= first)).sum() / (first - last))


def test_watching_falls_in_the_weeks_before_a_customer_cancels_and_not_otherwise():
    long = np.minimum(SPELL_END, CONFIG.seconds) - SPELL_START >= 5 * MONTH
    left = np.flatnonzero(WORLD.truth.cancelled_by_choice & long)
    running = np.flatnonzero((SPELL_END == NEVER) & long)
    to_now = np.full(len(running), CONFIG.seconds)
    usual = sessions_a_day(left, SPELL_END[left], 120, 60)
    month_before = sessions_a_day(left, SPELL_END[left], 56, 28) / usual
    last_month = sessions_a_day(left, SPELL_END[left], 28, 0) / usual
    assert last_month < 0.8
    assert last_month < month_before - 0.05
    stayed = sessions_a_day(running, to_now, 14, 0) / sessions_a_day(running, to_now, 120, 60)
    assert stayed > 0.9


def test_customers_watch_what_is_to_their_taste_and_another_customers_taste_says_nothing():
    truth = WORLD.truth
    genre = truth.titles.genre
    shares = np.zeros((CONFIG.customers, len(GENRES)))
    np.add.at(shares, (PLAY_OF, genre[PLAY_ITEM]), 1)
    many = shares.sum(axis=1) >= 20
    shares = shares[many] / shares[many].sum(axis=1, keepdims=True)
    p = truth.p_choice(np.flatnonzero(many), week=60)
    wanted = np.stack([p[:, genre == g].sum(axis=1) for g in range(len(GENRES))], axis=1)
    favourite = wanted.argmax(axis=1)
    rows = np.arange(len(favourite))
    own = shares[rows, favourite].mean()
    others = shares[np.random.default_rng(0).permutation(rows), favourite].mean()
    assert own > 0.3
    assert own > 2.5 * others
    assert np.corrcoef(shares.ravel(), wanted.ravel())[0, 1] > 0.6


def test_without_taste_everyone_chooses_alike():
    config = StreamingConfig(customers=50, seed=3, titles=60, taste_spread=0)
    p = simulate_streaming(config).truth.p_choice(np.arange(50), week=10)
    assert (p == p[0]).all()


@pytest.mark.parametrize("week", [0, 3, 6])
def test_free_choices_follow_the_stated_probabilities(week: int):
    who, item, at = plays(FREE_WORLD)
    in_week = at // WEEK == week
    chosen = np.bincount(item[in_week], minlength=FREE.titles)
    p = FREE_WORLD.truth.p_choice(who[in_week], week)
    assert p.sum(axis=1) == pytest.approx(1)
    expected, variance = p.sum(axis=0), (p * (1 - p)).sum(axis=0)
    out = expected > 0
    assert not chosen[~out].any()
    assert np.abs((chosen - expected)[out] / np.sqrt(variance[out])).max() < 4.5
    liked = p.argmax(axis=1)
    hits = (item[in_week] == liked).sum()
    best = p.max(axis=1)
    assert abs(hits - best.sum()) < 4.5 * np.sqrt((best * (1 - best)).sum())


def test_few_titles_are_seen_twice_and_a_few_titles_make_most_of_the_plays():
    pairs = PLAY_OF * CONFIG.titles + PLAY_ITEM
    assert 0 < 1 - len(np.unique(pairs)) / len(pairs) < 0.06
    counts = np.sort(np.bincount(PLAY_ITEM))[::-1]
    assert 0.25 < counts[: CONFIG.titles // 10].sum() / counts.sum() < 0.6


def test_the_next_part_of_a_series_follows_far_more_often_than_by_chance():
    titles = WORLD.truth.titles
    has_next = np.flatnonzero(titles.next_part >= 0)
    after = titles.next_part[has_next]
    assert len(has_next) == CONFIG.titles * 0.3 // 3 * 2
    assert (titles.week[after] >= titles.week[has_next]).all()
    assert (titles.cell[after] == titles.cell[has_next]).all()
    order = np.lexsort((PLAY_AT, PLAY_OF))
    same = np.diff(PLAY_OF[order]) == 0
    one, two = PLAY_ITEM[order][:-1][same], PLAY_ITEM[order][1:][same]
    follows = titles.next_part[one] == two
    assert follows[titles.next_part[one] >= 0].mean() > 0.1
    shuffled = np.random.default_rng(0).permutation(two)
    assert (titles.next_part[one] == shuffled)[titles.next_part[one] >= 0].mean() < 0.02


def test_minutes_are_within_the_title_and_stars_are_halves_that_rise_with_satisfaction():
    minutes = WORLD.interactions[c.VALUE][KIND == "play"]
    assert (minutes >= 1).all()
    assert (minutes <= WORLD.items["duration_minutes"][PLAY_ITEM]).all()
    rated = KIND == "rate"
    stars = WORLD.interactions[c.VALUE][rated]
    assert set(stars) == set(np.arange(1, 5.5, 0.5))
    level = WORLD.truth.persons.level[INTERACTION_OF[rated]]
    item = position(WORLD.items, WORLD.interactions[c.ITEM_ID][rated], c.ITEM_ID)
    assert np.corrcoef(stars, level)[0, 1] > 0.1
    assert np.corrcoef(stars, WORLD.truth.titles.quality[item])[0, 1] > 0.2
    assert rated.sum() / len(minutes) == pytest.approx(CONFIG.rate_share, abs=0.005)


def test_customers_have_plausible_attributes_and_the_stated_share_has_no_age():
    age = WORLD.customers["age"]
    assert np.isnan(age).mean() == pytest.approx(CONFIG.missing_age_share, abs=0.02)
    assert np.nanmin(age) >= 18
    assert np.nanmax(age) <= 92
    assert any(not name.isascii() for name in WORLD.customers[c.NAME])
    assert len(set(WORLD.customers[c.NAME])) > 1_500
    assert set(WORLD.customers[c.PLAN]) == set(PLANS)
    plans = WORLD.customers[c.PLAN][SPELL_OF]
    assert plans.tolist() == WORLD.subscriptions[c.PLAN].tolist()


def test_a_spell_costs_the_list_price_of_the_day_it_begins_and_keeps_it_when_prices_rise():
    (rise,) = CONFIG.price_rises
    start_day = SPELL_START // DAY
    late = start_day >= rise.day
    price, plan = WORLD.subscriptions[c.PRICE], WORLD.subscriptions[c.PLAN]
    for name, before, after in zip(PLANS, PRICES, rise.prices, strict=True):
        assert set(price[(plan == name) & ~late]) == {before}
        assert set(price[(plan == name) & late]) == {after}
    paid_late = seconds(WORLD.transactions[c.OCCURRED_AT]) >= rise.day * DAY
    amounts = set(WORLD.transactions[c.AMOUNT][paid_late])
    assert {*PRICES, *rise.prices} <= amounts


def test_no_spell_ends_because_prices_rise():
    rise = CONFIG.price_rises[0].day * DAY
    spells = np.column_stack([SPELL_START, SPELL_END]) - rise
    running = (spells[:, 0] < -DAY) & (spells[:, 1] > -DAY)
    assert running.sum() > 1_000
    assert (spells[running, 1] < DAY).mean() < 0.01


def test_customers_watch_about_as_often_as_people_do():
    subscribed = np.minimum(SPELL_END, CONFIG.seconds) - SPELL_START
    a_year = len(PLAY_AT) / (subscribed.sum() / (365 * DAY))
    assert 80 < a_year < 120


def test_shown_titles_are_clicked_as_often_as_the_truth_says_by_place_and_tenth():
    shown = WORLD.truth.plays.shown
    row, place = np.divmod(np.arange(shown.item.size), 3)
    clicks = shown.clicked[row] == place
    seen = shown.p_click.ravel() == 0
    assert not clicks[seen].any()
    p, place, clicks = shown.p_click.ravel()[~seen].astype(float), place[~seen], clicks[~seen]
    tenth = np.argsort(np.argsort(p)) * 10 // len(p)
    for group in (tenth, place):
        expected, deviation = np.bincount(group, p), np.sqrt(np.bincount(group, p * (1 - p)))
        assert np.abs((np.bincount(group, clicks) - expected) / deviation).max() < 4
    assert p[place == 0].mean() > 1.5 * p[place == 2].mean()
    assert len(shown.play) / len(PLAY_AT) == pytest.approx(CONFIG.shown_share, abs=0.003)


def test_what_is_clicked_is_watched_at_once_and_one_thing_shown_is_one_interaction():
    shown, plays_of = WORLD.truth.plays.shown, WORLD.truth.plays
    clicked = np.flatnonzero(shown.clicked >= 0)
    watched = plays_of.item[shown.play[clicked]]
    assert (shown.item[clicked, shown.clicked[clicked]] == watched).all()
    assert (plays_of.second[shown.play] - shown.second).max() < 60
    assert (KIND == "click").sum() == len(clicked)
    assert np.isin(KIND.astype(str), ["click", "impression"]).sum() == shown.item.size
    places = WORLD.interactions[c.VALUE][KIND == "impression"]
    assert set(places) == {1, 2, 3}


def test_what_is_shown_is_out_and_does_not_depend_on_taste():
    shown, who = WORLD.truth.plays.shown, WORLD.truth.plays.customer
    out = seconds(WORLD.items["available_at"])
    assert (out[shown.item] <= WORLD.truth.plays.second[shown.play][:, None]).all()
    taste = WORLD.truth.persons.taste[who[shown.play]][:, None]
    appeal = (taste * WORLD.truth.titles.taste[shown.item]).sum(axis=2)
    assert abs(appeal.mean()) < 4 * appeal.std() / np.sqrt(CONFIG.customers)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customers", 0), ("days", 0), ("titles", 10), ("titles", 10_000), ("joining_share", 1.2),
        ("p_return", -0.1), ("persistence", 1.0), ("churn_signal", -1), ("start", "soon"),
        ("sessions_a_month", float("nan")), ("regime", "strong"), ("shown_share", 1.5),
        ("price_rises", (PriceRise(50, PRICES), PriceRise(40, PRICES))),
    ],
)  # fmt: skip
def test_an_impossible_service_is_refused_by_name(field: str, value: object):
    with pytest.raises(SettingsError, match=f"W-102.*{field}"):
        StreamingConfig(**{field: value})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(Campaigns(days=(100, 140)), "campaign days"), (Campaigns(p_treated=1.0), "p_treated")],
)
def test_campaigns_that_overlap_or_have_no_control_are_refused(wrong: Campaigns, said: str):
    with pytest.raises(SettingsError, match=f"W-102.*{said}"):
        StreamingConfig(campaigns=wrong)


@pytest.mark.parametrize(
    "config",
    [
        StreamingConfig(customers=1, days=1, titles=50, joining_share=0),
        StreamingConfig(customers=40, days=40, titles=50, sessions_a_month=0),
        StreamingConfig(customers=5, days=400, titles=3_000),
    ],
)
def test_the_smallest_services_have_all_tables(config: StreamingConfig):
    world = simulate_streaming(config)
    assert len(world.customers[c.CUSTOMER_ID]) == config.customers
    assert len(world.items[c.ITEM_ID]) == config.titles
    assert len(world.subscriptions[c.CUSTOMER_ID]) >= config.customers
    assert (world.transactions[c.AMOUNT] > 0).any()
    assert set(world.treatments) == {c.CUSTOMER_ID, c.OCCURRED_AT, c.ARM, c.COST, "campaign"}
