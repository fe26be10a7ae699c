"""Run a Python file of the workspace's owner: exactly the bytes whose hash was trusted."""

from __future__ import annotations

import importlib.util
import traceback
from dataclasses import dataclass
from hashlib import sha256
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from cip.errors import CipError, SettingsError


@dataclass(frozen=True, slots=True)
class OwnersFile:
    """A Python file as it was when it was read; nothing of it has run."""

    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        """Of its content, as `sha256sum` says it."""
        return sha256(self.content).hexdigest()


def read_owners_file(root: Path, name: str) -> OwnersFile:
    """The file `name` in the folder `root`.

    Raises: SettingsError S-161 when it lies outside the folder (where a link leads counts), or
    cannot be read.
    """
    home = root.resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home):
        raise SettingsError(
            "S-161",
            f"run.features_file: {name} lies outside the workspace's folder {home}.",
            "copy it into the folder of cip.toml",
        )
    try:
        return OwnersFile(path, path.read_bytes())
    except OSError as error:
        raise SettingsError(
            "S-161", f"run.features_file: {path} cannot be read: {error.strerror}.", "mend the name"
        ) from error


class _Content(InspectLoader):
    """Makes a module of the content alone; a compiled copy beside it is never looked at."""

    def __init__(self, file: OwnersFile) -> None:
        self._file = file

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - the interface of importlib
        return importlib.util.decode_source(self._file.content)

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the interface of importlib
        return self.source_to_code(self._file.content, str(self._file.path))


def run_owners_file(file: OwnersFile) -> ModuleType:
    """The module that the file makes.

    Raises: SettingsError S-162 that names the line at which it failed.
    """
    spec = ModuleSpec("cip_features_of_the_workspace", _Content(file), origin=str(file.path))
    module = importlib.util.module_from_spec(spec)
    try:
        _Content(file).exec_module(module)
    except CipError as error:
        where = f"{file.path.name}:{_line(error, file)}"
        raise type(error)(error.code, f"{where}: {error.message}", error.hint) from error
    except Exception as error:
        raise SettingsError(
            "S-162",
            f"{file.path.name}:{_line(error, file)}: {type(error).__name__}: {error}.",
            "mend that line, and trust the file again",
        ) from error
    return module


def _line(error: Exception, file: OwnersFile) -> int:
    """The last line of the file that was at work."""
    if isinstance(error, SyntaxError):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 1 for f in reversed(frames) if f.filename == str(file.path)), 1)
