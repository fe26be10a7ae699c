"""Interpreters of the peers that are no part of the product, each in an environment of its own.

`<NAME>_PYTHON` names a ready one; without it the environment is made once from the pinned file
`bench/peers/<name>-requirements.txt`, outside the repository, and kept under the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / "peers"


def interpreter(name: str) -> str | None:
    """The peer's python; None, with the reason printed, where it cannot be had."""
    given = os.environ.get(f"{name.upper()}_PYTHON")
    python = Path(given) if given else environment(name) / "bin/python"
    try:
        if not given and not (python.parents[1] / "complete").exists():
            _make(python.parents[1], PEERS / f"{name}-requirements.txt")
        subprocess.run([python, "--version"], check=True, capture_output=True, text=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", None) or error
        print(f"{name} cannot be had here, so nothing is compared with it: {said}")
        return None
    return str(python)


def environment(name: str) -> Path:
    """Where the peer's environment stands: another folder as soon as a pin changes."""
    pins = (PEERS / f"{name}-requirements.txt").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "cip-bench" / f"{name}-{hashlib.sha256(pins).hexdigest()[:12]}"


def _make(folder: Path, requirements: Path) -> None:
    print(f"making {folder} from {requirements.name} (once)", flush=True)
    python = str(folder / "bin/python")
    _run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder))
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "-r", str(requirements))
    (folder / "complete").touch()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
