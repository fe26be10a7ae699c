"""One customer by id, and search by id, by part of the name, and by names that are misspelt.

A row's id is the customer's rank, so a search that stops after ten rows has found the ten with
most at stake, whatever the size of the file.
"""

from __future__ import annotations

import difflib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

_TABLES: Final = """
pragma journal_mode = off; pragma synchronous = off; pragma page_size = 4096;
create table customer(
  rank integer primary key, customer_id text not null, name text, card blob not null
);
create virtual table find using fts5(
  name, customer_id, content = 'customer', content_rowid = 'rank', tokenize = 'trigram'
);
create virtual table word_find using fts5(word, tokenize = 'trigram');
"""
_INDEXES: Final = """
create unique index customer_by_id on customer(customer_id);
insert into find(find) values ('rebuild'); insert into find(find) values ('optimize');
analyze;
"""
_BY_ID: Final = """
select rank, customer_id, name, card from customer where customer_id = ?
"""
_BY_IDS: Final = """
select rank, customer_id, name, card from customer
where customer_id in (select value from json_each(?))
"""
_BY_PREFIX: Final = """
select rank, customer_id, name, card from customer
where customer_id >= ? and customer_id < ? order by customer_id limit ?
"""
_BY_WORDS: Final = """
select rank, customer_id, name, card from customer
where rank in (select rowid from find where find match ? order by rowid limit ?) order by rank
"""
_NEAR_WORDS: Final = "select word from word_find where word_find match ? order by rank limit 60"

_BATCH: Final = 20_000
_GRAM: Final = 3
_LIKENESS: Final = 0.6
_MMAP_BYTES: Final = 2_000_000_000


def write_lookup(path: Path, customers: pa.Table) -> None:
    """The look-up file of a table with `rank`, `customer_id`, `name`, `reasons` and facts."""
    words: set[str] = set()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_TABLES)
        for batch in customers.to_batches(_BATCH):
            rows = [_split(row) for row in batch.to_pylist()]
            db.executemany("insert into customer values (?, ?, ?, ?)", rows)
            words.update(word for row in rows for word in _words(row[2] or ""))
        db.executemany("insert into word_find values (?)", [(word,) for word in sorted(words)])
        db.commit()
        db.executescript(_INDEXES)
        db.commit()


class Lookup:
    """A published `lookup.sqlite`, for many threads: each holds a connection while it asks."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._idle: list[sqlite3.Connection] = []

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Everything known about the customer, `reasons` as a list; None for an unknown id."""
        with self._connection() as db:
            found = db.execute(_BY_ID, (_text(customer_id),)).fetchone()
        return _joined(found) if found else None

    def customers(self, customer_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What `customer` says of each, in one query; an unknown id is not among them."""
        known_as = {given: _text(given) for given in customer_ids}
        wanted = json.dumps(sorted(set(known_as.values())))
        with self._connection() as db:
            found = {row[1]: _joined(row) for row in db.execute(_BY_IDS, (wanted,))}
        return {given: found[known] for given, known in known_as.items() if known in found}

    def search(self, text: str, limit: int = 10) -> list[dict[str, Any]]:
        """At most `limit` customers that `text` may mean, by the first of three ways to find any.

        Ids that begin with it, in order of id; then names and ids that contain each of its words,
        then names with words like them, both in order of rank.  A word under three letters finds
        nothing by name.
        """
        wanted = _text(text)
        if not wanted:
            return []
        with self._connection() as db:
            finders = (_by_prefix, _by_words, _by_likeness)
            found = next(filter(None, (find(db, wanted, limit) for find in finders)), [])
        return [_joined(row) for row in found]

    def close(self) -> None:
        """Close the connections that nobody holds."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.pop()
        except IndexError:
            db = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            db.execute(f"pragma mmap_size = {_MMAP_BYTES}")
        try:
            yield db
        finally:
            self._idle.append(db)


_Row = tuple[int, str, str | None, bytes]


def _split(row: dict[str, Any]) -> _Row:
    """The columns that are searched; the rest as compressed JSON, a third of its size."""
    rank, customer_id, name = row.pop("rank"), row.pop("customer_id"), row.pop("name")
    card = json.dumps(row, ensure_ascii=False, default=str)
    return rank, customer_id, name, zlib.compress(card.encode())


def _joined(row: _Row) -> dict[str, Any]:
    rank, customer_id, name, packed = row
    card = json.loads(zlib.decompress(packed))
    reasons = json.loads(card.pop("reasons") or "[]")
    return {"rank": rank, "customer_id": customer_id, "name": name, **card, "reasons": reasons}


def _by_prefix(db: sqlite3.Connection, text: str, limit: int) -> list[_Row]:
    return db.execute(_BY_PREFIX, (text, text + chr(0x10FFFF), limit)).fetchall()


def _by_words(db: sqlite3.Connection, text: str, limit: int) -> list[_Row]:
    words = [word for word in text.split() if len(word) >= _GRAM]
    return _matching(db, [[word] for word in words], limit)


def _by_likeness(db: sqlite3.Connection, text: str, limit: int) -> list[_Row]:
    return _matching(db, [_near(db, word) for word in _words(text)], limit)


def _matching(db: sqlite3.Connection, choices: list[list[str]], limit: int) -> list[_Row]:
    """Customers in whom each of the `choices` has one of its words."""
    if not choices or not all(choices):
        return []
    match = " AND ".join(f"({_any_of(words)})" for words in choices)
    return db.execute(_BY_WORDS, (match, limit)).fetchall()


def _near(db: sqlite3.Connection, word: str) -> list[str]:
    """Words of names that look like `word`, sought among the distinct words only."""
    grams = _any_of(word[k : k + _GRAM] for k in range(len(word) - _GRAM + 1))
    alike = [found for (found,) in db.execute(_NEAR_WORDS, (grams,))]
    return difflib.get_close_matches(word, alike, 3, _LIKENESS)


def _any_of(words: Iterable[str]) -> str:
    """An FTS5 expression; each word is a quoted string, so nothing in it is an operator."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) >= _GRAM]


def _text(text: str) -> str:
    """What SQLite can take as text: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()
