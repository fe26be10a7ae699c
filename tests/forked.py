"""`cip` in a process of its own, forked from one that has the imports behind it.

Importing what a run needs takes a process two seconds, which is most of what a small workspace
costs.  That `cip` starts from nothing is shown by the tests of the wheel, of kills and of pages.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

SECONDS = 240
Cip = Callable[..., subprocess.CompletedProcess[str]]

_FORKS = multiprocessing.get_context("forkserver")
_USED = "check demo export ledger leaks lookup propose run score sync versions"
_FORKS.set_forkserver_preload(
    ["cip.faces.cli.main", *(f"cip.flows.{flow}" for flow in _USED.split())]
)


def forked(arguments: Sequence[str], more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `cip` with these arguments said and how it ended; killed after `SECONDS`.

    `more`: variables of its environment beside those of this process.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        for path in said:
            path.touch()
        process = _FORKS.Process(target=_typed, args=(arguments, said, {**os.environ, **more}))
        with _no_main():
            process.start()
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        return subprocess.CompletedProcess(
            ["cip", *arguments], code, *(path.read_text(encoding="utf-8") for path in said)
        )


@contextmanager
def _no_main() -> Iterator[None]:
    """A new process runs the main module of this one; a test of a page leaves Streamlit's there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _typed(arguments: Sequence[str], said: Sequence[Path], environment: Mapping[str, str]) -> None:
    """Inside the new process: be `cip`, with what it says in files."""
    from cip.faces.cli.main import main

    for number, path in zip((1, 2), said, strict=True):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["cip", *arguments]
    main()
