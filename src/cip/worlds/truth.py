"""What a simulated world tells beside its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Truth:
    """Tables of latent values and true probabilities by name, and the parameters (JSON-ready)."""

    tables: Mapping[str, Mapping[str, NDArray[Any]]]
    parameters: Mapping[str, Any]
