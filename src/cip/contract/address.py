"""Database URLs, looked at without connecting: what kind, and whether they carry a password."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_URL: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.\-]*:/")
_USER: Final = re.compile(r"^\s*[A-Za-z][A-Za-z0-9+.\-]*:/*[^/?#\s@:]*:([^\s]+)@")
RESERVED: Final = "/?#[]@"
_KEYS: Final = ("password", "passwd", "pwd", "sslpassword")


def has_password(text: str) -> bool:
    """Whether the text is a URL with a password in it, also one that is not written well."""
    return _URL.match(text) is not None and bool(passwords(text))


def passwords(url: str) -> tuple[str, ...]:
    """Every spelling of the password in a URL: as written and decoded; none when it has none."""
    found = [match.group(1)] if (match := _USER.match(url)) else []
    try:
        found.append(urlsplit(url).password or "")
        query = urlsplit(url).query
    except ValueError:  # such as a bracket that is never closed
        query = url.partition("?")[2]
    found += [value for key, value in parse_qsl(query) if key.lower() in _KEYS]
    spelt = (spelling for each in found if each for spelling in (each, unquote(each)))
    return tuple(dict.fromkeys(spelt))


def is_badly_written(url: str) -> bool:
    """Whether the password has a character in it that ends the password in a URL."""
    match = _USER.match(url)
    return match is not None and any(mark in match.group(1) for mark in RESERVED)
