"""The units that the mapping states, in the words of the attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cip.contract.config import Config
from cip.types import FeatureInfo


def with_units(infos: Sequence[FeatureInfo], config: Config) -> tuple[FeatureInfo, ...]:
    """The same, with `[tables.customers] units` in unit and phrase of those that are numbers.

    A feature that has a unit keeps it.
    """
    parts = config.tables.get("customers", ())
    units = {name: unit for part in parts for name, unit in part.units.items()}
    return tuple(_with(info, units.get(info.name, "")) for info in infos)


def _with(info: FeatureInfo, unit: str) -> FeatureInfo:
    if not unit or info.unit or info.kind != "number":
        return info
    behind = "" if unit == "share" else f" {unit}"  # a share is said in per cent
    return replace(info, unit=unit, phrase=info.phrase.replace("{v}", f"{{v}}{behind}", 1))
