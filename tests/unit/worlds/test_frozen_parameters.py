"""The worlds' parameters are frozen in a decision record, which says what the code says."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cip.worlds.shop import ShopConfig
from cip.worlds.streaming.config import StreamingConfig

ROOT = Path(__file__).resolve().parents[3]
WORLDS = ROOT / "src" / "cip" / "worlds"
RECORD = ROOT / "docs" / "decisions" / "0016-worlds.md"
ROW = re.compile(r"^\| `([\w.]+)` \| `([\w.]+)` \| `(.+)` \|$", re.MULTILINE)


def flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield before + name, repr(value)


def is_numeric(value: object) -> bool:
    if isinstance(value, tuple):
        return all(is_numeric(part) for part in value)
    return isinstance(value, int | float)


def constants(path: Path) -> Iterator[tuple[str, str]]:
    """Every module-level number, private ones too."""
    where = ".".join(path.relative_to(WORLDS).with_suffix("").parts)
    module = importlib.import_module(f"cip.worlds.{where}")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            value = getattr(module, ast.unparse(target))
            if is_numeric(value):
                yield ast.unparse(target), repr(value)


def in_the_code() -> Iterator[tuple[str, str, str]]:
    for config in (StreamingConfig(), ShopConfig()):
        for name, value in flat(asdict(config)):
            yield type(config).__name__, name, value
    for path in sorted([*WORLDS.glob("shop*.py"), *WORLDS.joinpath("streaming").glob("*.py")]):
        for name, value in constants(path):
            yield ".".join(path.relative_to(WORLDS).with_suffix("").parts), name, value


def test_the_record_lists_every_parameter_with_the_value_that_the_code_has():
    recorded = ROW.findall(RECORD.read_text(encoding="utf-8"))
    code = list(in_the_code())
    assert len(code) > 90
    assert {row[:2] for row in recorded} == {row[:2] for row in code}
    assert sorted(recorded) == sorted(code)
