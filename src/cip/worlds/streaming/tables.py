"""The tables of what does not change: customers and items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.types import IntArray, ObjectArray
from cip.worlds.streaming.config import PLANS, WEEK, StreamingConfig
from cip.worlds.streaming.persons import Persons
from cip.worlds.streaming.titles import GENRES, Titles

Table = Mapping[str, NDArray[Any]]

_COUNTRIES = (
    "United States", "United Kingdom", "Germany", "France", "Brazil", "Japan", "Poland", "Sweden",
)  # fmt: skip
_COUNTRY_SHARES = (0.34, 0.16, 0.13, 0.10, 0.10, 0.07, 0.06, 0.04)
_FIRST_NAMES = (
    "Ada", "Agnès", "Amara", "Anton", "Beatriz", "Björn", "Callum", "Chloé", "Dalia", "Darius",
    "Edda", "Elif", "Emeka", "Farah", "Finn", "Gianna", "Grace", "Hana", "Hugo", "Inés", "Ivan",
    "Jasper", "João", "Kamala", "Kenji", "Lena", "Łucja", "Maeve", "Malik", "Mirela", "Nadia",
    "Noor", "Océane", "Oskar", "Petra", "Priya", "Quentin", "Ravi", "Renata", "Rosa", "Saoirse",
    "Søren", "Tomás", "Uma", "Victor", "Wanda", "Yara", "Yūki", "Zoë", "Željko",
)  # fmt: skip
_SURNAMES = (
    "Abernash", "Adeyolu", "Almqvard", "Arroyuelo", "Ashdown-Pell", "Bellweather", "Brânzar",
    "Castelmor", "Chaudhari", "Corvane", "D'Arvelle", "Dahlgrün", "Delacombe", "Ekström-Lund",
    "Eversley", "Fairbourne", "Ferrandiz", "Fujimori", "Gallowhurst", "Grzelak", "Haldorsen",
    "Harrowgate", "Hoshizaki", "Ibarruri", "Jankovar", "Kestrelman", "Kowalczuk", "Lindhagen",
    "Lovelock", "Marchetti", "Matsukawa", "McAllard", "Mbekani", "Müllenbach", "Nakadai",
    "Nordström", "O'Dorran", "Okonjiwe", "Ōtsuka", "Pellegrand", "Quintanar", "Rahmani",
    "Rosenfeldt", "Saint-Évry", "Silvestrin", "Szymborek", "Tanevska", "Thistlewood", "Vântu",
    "Wójtasik", "Yıldıran", "Zambrano",
)  # fmt: skip


def customers_table(config: StreamingConfig, persons: Persons, rng: np.random.Generator) -> Table:
    """customer_id, name, country, plan, age (float32, NaN where not given), signed_up_at."""
    n = config.customers
    age = np.clip(np.rint(16 + rng.gamma(4.0, 6.5, n)), 18, 92).astype(np.float32)
    age[rng.random(n) < config.missing_age_share] = np.nan
    first, last = (np.array(names, dtype=object) for names in (_FIRST_NAMES, _SURNAMES))
    name = first[rng.integers(len(first), size=n)] + " " + last[rng.integers(len(last), size=n)]
    country = rng.choice(len(_COUNTRIES), size=n, p=_COUNTRY_SHARES)
    return {
        c.CUSTOMER_ID: ids("C", n),
        c.NAME: name,
        "country": np.array(_COUNTRIES, dtype=object)[country],
        c.PLAN: np.array(PLANS, dtype=object)[persons.plan],
        "age": age,
        "signed_up_at": instants(config, persons.signed_up),
    }


def items_table(config: StreamingConfig, titles: Titles) -> Table:
    """item_id, title, category (genre), duration_minutes, released (year), available_at."""
    return {
        c.ITEM_ID: ids("M", len(titles.name)),
        c.TITLE: titles.name,
        c.CATEGORY: np.array(GENRES, dtype=object)[titles.genre],
        "duration_minutes": titles.minutes,
        "released": titles.year,
        "available_at": instants(config, titles.week * WEEK),
    }


def instants(config: StreamingConfig, second: IntArray) -> NDArray[np.datetime64]:
    """Seconds after the start as datetime64[us], UTC."""
    return np.asarray(np.datetime64(config.start, "us") + second.astype("timedelta64[s]"))


def ids(letter: str, count: int) -> ObjectArray:
    """The letter and a number from 1 on, zeros in front, so that order of text is order of ids."""
    width = max(5, len(str(count)))
    return np.array([f"{letter}{k:0{width}d}" for k in range(1, count + 1)], dtype=object)
