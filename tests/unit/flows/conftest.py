"""Files of a small workspace, written line by line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., None]:
    """`put("plays.csv", "who,at,what", "a,2024-01-01,play")`: a file of these lines.

    `age_seconds`: how long ago it was written.
    """

    def write(name: str, *lines: str, age_seconds: float = 0) -> None:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        then = time.time() - age_seconds
        os.utime(path, (then, then))

    return write
