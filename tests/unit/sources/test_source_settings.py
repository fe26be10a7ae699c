from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from cip.contract.address import has_password, passwords
from cip.contract.config import parse_config
from cip.contract.mapping import Source
from cip.errors import SettingsError
from cip.sources.database import tables_of
from cip.sources.opening import open_source

SECRET = "hunter2"  # noqa: S105 (no password of anything)


def said(source: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_config(f"format = 1\n[sources.orders]\n{source}")
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "line",
    [
        'database = "postgresql://me:hunter2@host/shop"\ntable = "orders"',
        'database = "postgresql:/me:hunter2@host/shop"\ntable = "orders"',
        'database = "postgresql://me:%68unter2hunter2@host/shop"',
        'database = "postgresql://host/shop?user=me&password=hunter2"',
        'path = "https://me:hunter2@host/orders.csv"',
        'url = "postgresql://me:hunter2@host/shop"',
    ],
)
def test_a_password_in_the_settings_is_refused_and_never_repeated(line: str):
    message = said(line)
    assert "holds a password" in message
    assert "env:NAME" in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('format = "csv"', "either `path` or `database`"),
        ('path = "a.csv"\ndatabase = "env:SHOP"\ntable = "a"', "either `path` or `database`"),
        ('path = "a.csv"\ntable = "a"', "`database` and `table` go together"),
        ('database = "env:SHOP"', "`database` and `table` go together"),
        ('database = "env:SHOP"\ntable = "a"\nformat = "csv"', "are for files"),
        ('path = "a.csv"\nformat = "csv"\nsheet = "a"', "`sheet` is for workbooks"),
    ],
)
def test_a_source_is_files_or_one_table(line: str, expected: str):
    assert expected in said(line)


def test_what_people_call_a_source():
    assert Source(path="a.csv").where == "a.csv"
    assert Source(database="env:SHOP", table="public.a").where == "public.a in env:SHOP"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:a%2Fb@host/shop", ("a%2Fb", "a/b")),
        ("postgresql://me:a/b@host/shop", ("a/b",)),
        ("postgresql://me@host/shop", ()),
        ("postgresql://me:@host/shop", ()),
        ("postgresql://[me:a@host", ("a",)),
        ("postgresql://host/shop?sslpassword=a", ("a",)),
        ("sqlite:///shop.db", ()),
    ],
)
def test_every_spelling_of_a_password_is_known(text: str, expected: tuple[str, ...]):
    assert passwords(text) == expected
    assert has_password(text) == bool(expected)


@pytest.mark.parametrize("path", ["a.csv", "C:\\me:a@b.csv", "a:b@c/d.csv", "drops/*.csv"])
def test_a_path_has_no_password(path: str):
    assert not has_password(path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "DATABASE_OF_TEST is not set"),
        ("mysql://me:hunter2@host/shop", "env:DATABASE_OF_TEST is no database URL"),
        ("host=a password=hunter2", "env:DATABASE_OF_TEST is no database URL"),
        ("sqlite:///", "env:DATABASE_OF_TEST is no database URL"),
        ("postgresql://me:hunter2/x@host/shop", "has one of / ? # [ ] @ in it"),
        ("postgresql://me:hunter2@127.0.0.1:1/shop", "cannot be reached"),
        ("postgresql://me:hunter2@127.0.0.1:hunter2/shop", "words repeat the password"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:1/shop", "cannot be reached"),
    ],
)
def test_no_word_about_an_address_repeats_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, expected: str
):
    monkeypatch.setenv("DATABASE_OF_TEST", url)
    with pytest.raises(SettingsError) as caught:
        tables_of("env:DATABASE_OF_TEST", tmp_path)
    message = "".join(traceback.format_exception(caught.value))
    assert expected in message
    assert SECRET not in message


def test_a_missing_driver_is_said_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(SettingsError, match="not installed") as caught:
        open_source(Source(database="postgresql://me@127.0.0.1:1/shop", table="a"), tmp_path)
    assert caught.value.hint == "pip install 'customer-intelligence-platform[postgres]'"
