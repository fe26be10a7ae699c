"""One writing job a workspace: a lock that the operating system drops when its holder dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from cip.errors import NotReadyError

BUSY: Final = "L-101"
"""The code of the error that says that somebody else holds the lock."""


@contextmanager
def workspace_lock(path: Path) -> Iterator[None]:
    """Hold the lock file while the block runs; a killed holder leaves it free.

    Raises: NotReadyError L-101 at once when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            _take(file)
        except OSError as error:
            raise NotReadyError(
                BUSY,
                f"another run is at work in {path.parent}.",
                "wait until it has ended, or stop it; what was published stays readable meanwhile",
            ) from error
        yield


def _take(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - exists on Windows only

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415 - does not exist on Windows

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
