"""Names of time zones, checked as a person writes them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_NEAR: Final = 3


def checked_zone(name: str) -> str:
    """The name, where it is one of the IANA database, such as Europe/Berlin; UTC always is.

    Raises: ValueError that names those that are near, or says that the machine has no such data.
    """
    if name == "UTC":
        return name
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(_no_zone(name)) from error
    return name


def _no_zone(name: str) -> str:
    known = available_timezones()
    if not known:
        return (
            f"{name!r} cannot be looked up: this machine has no time zones; "
            "`pip install tzdata` brings them, and UTC needs none"
        )
    near = _near(name, known)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{name!r} is no time zone, such as Europe/Berlin{meant}"


def _near(name: str, known: set[str]) -> list[str]:
    """By the whole name or by the place alone, whatever the capitals."""
    written = name.strip().lower().replace(" ", "_")
    whole = {zone.lower(): zone for zone in sorted(known)}
    if written in whole:
        return [whole[written]]
    places = {lower.rpartition("/")[2]: zone for lower, zone in whole.items() if "/" in zone}
    found = [
        names[match]
        for names in (whole, places)
        for match in get_close_matches(written, names, n=_NEAR, cutoff=0.75)
    ]
    return list(dict.fromkeys(found))[:_NEAR]
