"""One tree of errors: what is wrong with the value seen, where, and what to do.

A face translates an error once: the command line into an exit code and one line, the API into
problem+json, a page into a box.  `status` is the HTTP status that fits.
"""

from __future__ import annotations

from typing import ClassVar


class CipError(Exception):
    """Something the reader can act on: `code`, `message`, `hint`, `status`."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        hint = f" Hint: {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{hint}"

    def as_dict(self) -> dict[str, str]:
        """The one shape in which every face shows an error as JSON."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class SettingsError(CipError):
    """`cip.toml` or the environment says something that cannot be."""

    status = 422


class ContractError(CipError):
    """The user's data break the contract."""

    status = 422


class NotReadyError(CipError):
    """The workspace has no run, no data or no model yet."""

    status = 409


class NotFoundError(CipError):
    """There is no such customer, run or file."""

    status = 404


class NotAllowedError(CipError):
    """The actor's role does not permit this."""

    status = 403


class ModelError(CipError):
    """A model could not be fitted, or an artefact is not what its manifest says."""

    status = 500
