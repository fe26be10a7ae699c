"""What every model file shares: how one is found, and what is said when it cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

from cip.errors import ModelError


def file_named(files: Mapping[str, bytes], name: str) -> bytes:
    """The file's bytes; ModelError names what is there instead."""
    if name not in files:
        raise ModelError(
            "M-105",
            f"The model has no file {name}; it has {', '.join(sorted(files)) or 'none'}.",
            "Restore the version's folder, or train again.",
        )
    return files[name]


def unreadable(name: str, error: Exception) -> ModelError:
    """The error for a file that is damaged or something else."""
    said = str(error).strip().splitlines()
    return ModelError(
        "M-104",
        f"{name} cannot be read: {type(error).__name__} {said[0] if said else ''}.",
        "The file is damaged or of another version: train again, or restore it.",
    )
