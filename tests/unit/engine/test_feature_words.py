"""What the catalogue says of a value that is not there, of a stand-out, and of subscribers."""

from __future__ import annotations

import math
import re
import string
from datetime import UTC, datetime, timedelta

import pytest

from cip.engine.features import CATALOGUE
from cip.engine.features_payments import PAYMENTS
from cip.engine.item_words import of_items_bought
from cip.engine.snapshot import feature_frame
from cip.engine.subscriber_words import of_a_subscriber
from cip.models.explain import sentence
from cip.models.segments.names import word_for

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ALL = [*CATALOGUE, *map(of_a_subscriber, CATALOGUE), *map(of_items_bought, CATALOGUE)]


@pytest.mark.parametrize("feature", ALL, ids=lambda feature: feature.info.name)
def test_no_reason_speaks_as_a_developer(feature) -> None:
    nothing = math.nan if feature.info.kind == "number" else None
    for value, usual in ((nothing, 1.0), (1.0, nothing), (nothing, nothing), (1.0, 2.0)):
        said = sentence(feature.info, value, usual)
        assert not re.search(r"undefined|standard deviation|over the mean", said), said
        if feature.empty is None:
            assert "not known" not in said, said


def test_what_is_said_of_no_value_has_no_field_but_what_is_typical() -> None:
    for feature in ALL:
        fields = {name for _, name, _, _ in string.Formatter().parse(feature.info.unknown) if name}
        assert fields <= {"usual", "currency"}, feature.info.name


def test_every_number_of_the_catalogue_has_words_for_those_who_stand_out() -> None:
    for feature in ALL:
        if feature.info.kind == "number":
            for above in (True, False):
                assert not re.match("high |low ", word_for(feature.info, above=above).text)


def test_subscribers_are_said_to_pay_and_never_to_buy() -> None:
    for feature in PAYMENTS:
        info = of_a_subscriber(feature).info
        said = " ".join((info.phrase, info.unknown, info.description, info.fact, info.unit))
        assert not re.search(r"\b(b[ou](ugh|y)|purchase)", said, re.IGNORECASE), said
        assert info.name == feature.info.name


def test_words_of_paying_are_chosen_where_there_are_subscriptions(con, make_store) -> None:
    now = datetime(2024, 2, 1, tzinfo=UTC)
    paid = {"customer_id": "a", "occurred_at": now - timedelta(days=3), "amount": 5.0}
    spell = {"customer_id": "a", "started_at": now - timedelta(days=9), "ended_at": None}
    for tables, word in (({}, "bought"), ({"subscriptions": [spell]}, "paid")):
        store = make_store(transactions=[paid], **tables)
        _, infos = feature_frame(con, store, [now], active_days=90, rows_per_pass=10**6)
        phrase = next(info.phrase for info in infos if info.name == "recency_days")
        assert phrase == f"Last {word} {{v}} days ago (typical {{usual}})"


def test_whoever_takes_items_is_not_said_to_be_active(con, make_store) -> None:
    now = datetime(2024, 2, 1, tzinfo=UTC)
    paid = {"customer_id": "a", "occurred_at": now - timedelta(days=3), "amount": 5.0}
    done = paid | {"item_id": "x"}
    for kinds, said in (
        (["purchase"], "No item of theirs is known"),
        (["purchase", "play"], "No interaction of theirs is known"),
    ):
        store = make_store(
            transactions=[paid], interactions=[done | {"kind": kind} for kind in kinds]
        )
        _, infos = feature_frame(con, store, [now], active_days=90, rows_per_pass=10**6)
        by_name = {info.name: info for info in infos}
        assert by_name["inactive_days"].unknown == said
        is_bought = kinds == ["purchase"]
        phrases = " ".join(info.phrase + info.unknown for info in infos)
        assert bool(re.search(r"\bactive\b|interactions", phrases)) is not is_bought, phrases
