"""Say at once what this machine lacks, before anything is installed.

Runs on whatever `python3` is, so it keeps to the oldest syntax.
"""

import ctypes.util
import importlib.util
import platform
import sys


def missing():
    """Sentences about what is missing, each with the command that mends it."""
    if sys.version_info < (3, 11):
        yield (
            f"Python 3.11 or newer is needed; {sys.executable} is {platform.python_version()}. "
            "Name another one: make PYTHON=python3.12 demo"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        yield "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv"
    if platform.system() == "Linux" and ctypes.util.find_library("gomp") is None:
        yield "The library libgomp is missing (LightGBM uses it). Debian: sudo apt install libgomp1"


def main():
    """Print what is missing; the exit code says whether anything was."""
    found = list(missing())
    for sentence in found:
        sys.stderr.write(f"CIP cannot start yet: {sentence}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
