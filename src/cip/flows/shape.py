"""Which of the two shapes of input a published run was made from, and what it could not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_plain(summary: Mapping[str, Any]) -> bool:
    """Whether the run read one customer table without any time; older runs all had one."""
    return bool(summary.get("shape") == "plain")


def has_value(summary: Mapping[str, Any]) -> bool:
    """Whether the run knows what customers are worth."""
    return not summary["value"].get("reason")


def without_value(summary: Mapping[str, Any]) -> str:
    """Why some customers of a run with values have none: "no running subscription is known"."""
    return str((summary["value"].get("unknown") or {}).get("reason", "it is not known"))


def left_already(summary: Mapping[str, Any]) -> int:
    """How many customers of the table have left by the label: they are on no list to act on."""
    return int(summary["totals"].get("left_customers", 0))
