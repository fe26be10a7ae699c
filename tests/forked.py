"""`cip` in a process of its own, forked from one that has the imports behind it.

Importing what a run needs takes a process two seconds, which is most of what a small workspace
costs.  That `cip` starts from nothing is shown by the tests of the wheel, of kills and of pages.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

SECONDS = 240
Cip = Callable[..., subprocess.CompletedProcess[str]]

SHELL_CIP = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({door!r})
    words = [sys.argv[1:], dict(os.environ), os.getcwd()]
    asked.sendall(json.dumps(words).encode() + b"\\n")
    with asked.makefile(encoding="utf-8") as answer:
        code, out, error = json.load(answer)
sys.stdout.write(out)
sys.stderr.write(error)
sys.exit(code)
"""
"""What a shell calls: it hands its words over and says what is answered."""

_FORKS = multiprocessing.get_context("forkserver")
_USED = "check demo export ledger leaks lookup propose run score sync versions"
_FORKS.set_forkserver_preload(
    ["cip.faces.cli.main", *(f"cip.flows.{flow}" for flow in _USED.split())]
)


def forked(
    arguments: Sequence[str], more: Mapping[str, str], folder: str = "."
) -> subprocess.CompletedProcess[str]:
    """What `cip` with these arguments said and how it ended; killed after `SECONDS`.

    `more`: variables of its environment beside those of this process; `folder`: where it runs.
    """
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place) / name for name in ("stdout", "stderr")]
        for path in said:
            path.touch()
        process = _FORKS.Process(
            target=_typed, args=(arguments, said, {**os.environ, **more}, folder)
        )
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
def cip_of_shells(folder: Path) -> Iterator[None]:
    """While open, `folder` (for a shell's PATH) holds a `cip` that is `forked`.

    It has the shell's environment and folder, and nothing on its standard input.
    """
    door = str(folder / "door")

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            ended = forked(*json.loads(self.rfile.readline()))
            said = [ended.returncode, ended.stdout, ended.stderr]
            self.wfile.write(json.dumps(said).encode())

    program = folder / "cip"
    program.write_text(SHELL_CIP.format(python=sys.executable, door=door), encoding="utf-8")
    program.chmod(0o755)
    with socketserver.UnixStreamServer(door, Answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def _no_main() -> Iterator[None]:
    """A new process runs the main module of this one; a test of a page leaves Streamlit's there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _typed(
    arguments: Sequence[str], said: Sequence[Path], environment: Mapping[str, str], folder: str
) -> None:
    """Inside the new process: be `cip`, with what it says in files."""
    from cip.faces.cli.main import main

    for number, path in zip((1, 2), said, strict=True):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["cip", *arguments]
    main()
