"""Arrays and id tables as file contents: npy without pickle, and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip.models.churn.artefacts import file_named, unreadable
from cip.models.recommend.interactions import IdTable


def npy(array: NDArray[Any]) -> bytes:
    """The array as an npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_npy(files: Mapping[str, bytes], name: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """The array that `npy` wrote; ModelError where it is damaged or not of that shape.

    None stands for any length.
    """
    try:
        array: NDArray[Any] = np.load(io.BytesIO(file_named(files, name)), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise unreadable(name, error) from error
    agrees = len(shape) == array.ndim and all(
        want in (None, seen) for want, seen in zip(shape, array.shape, strict=True)
    )
    if not agrees:
        raise unreadable(name, ValueError(f"its shape is {array.shape}, expected {shape}"))
    return array


def page(document: Mapping[str, Any]) -> bytes:
    """The document as JSON; floats keep every bit."""
    return json.dumps(document, allow_nan=False).encode()


def read_page(files: Mapping[str, bytes], name: str, *keys: str) -> dict[str, Any]:
    """The document that `page` wrote; ModelError where it is damaged or lacks one of the keys."""
    try:
        document: dict[str, Any] = json.loads(file_named(files, name))
        return {key: document[key] for key in keys}
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(name, error) from error


def table_of(ids: list[str]) -> IdTable:
    """The table of ids read from JSON."""
    return IdTable(np.array(ids, dtype=object))
