"""Features that people define, in `cip.toml` and in a Python file that its owner trusts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cip.access.roles import require
from cip.contract.config import Config
from cip.engine.declared import declared
from cip.engine.feature import Feature
from cip.engine.user_features import check_names
from cip.errors import NotAllowedError, SettingsError
from cip.flows.job import read_config
from cip.settings import TRUST_VARIABLE, Workspace, trust_folder, trusted_digests
from cip.sources.owners_code import OwnersFile, read_owners_file, run_owners_file
from cip.stores.trusted import is_trusted, trust
from cip.types import Principal


@dataclass(frozen=True)
class UserFeatures:
    """The features that a workspace adds to the catalogue.

    `file` and `sha256` say which Python file some of them are from; both are "" without one.
    """

    features: tuple[Feature, ...] = ()
    file: str = ""
    sha256: str = ""

    def lines(self) -> list[str]:
        """For people."""
        if not self.features:
            return ["No features of your own: see [features.NAME] in cip.toml."]
        return [f"{f.info.name} ({f.info.unit}): {f.info.description}" for f in self.features]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        said = [(f.info.name, f.info.unit, f.info.description) for f in self.features]
        return {
            "features": [dict(zip(("name", "unit", "description"), s, strict=True)) for s in said],
            "file": self.file,
            "sha256": self.sha256,
        }


def user_features(root: Path, config: Config) -> UserFeatures:
    """All of them, those of `cip.toml` in the folder `root` first.

    Raises: ContractError C-220 for a name that is taken; SettingsError S-161, S-162 or S-163 for a
    file that cannot be read, fails or holds no feature; NotAllowedError P-130 for one that this
    user has not trusted as it is.
    """
    own = tuple(declared(name, rule) for name, rule in config.features.items())
    found = UserFeatures(own)
    if config.run.features_file is not None:
        found = _with_file(own, read_owners_file(root, config.run.features_file))
    check_names(found.features, config.attributes)
    return found


def check_features(workspace: Workspace, *, actor: Principal) -> UserFeatures:
    """What `cip.toml` and its Python file add to the catalogue; nothing is computed.

    Raises: as `user_features`.
    """
    return user_features(workspace.root, read_config(workspace, actor=actor))


def trust_features_file(workspace: Workspace, *, actor: Principal) -> UserFeatures:
    """The features of the file that `cip.toml` names, trusted from now on as it is.

    The trust is this user's, and ends when the file changes.  A file that fails is not trusted.
    Raises: NotAllowedError P-001 for a role that may not configure; SettingsError S-163 when
    `cip.toml` names no file; and as `user_features`.
    """
    require(actor, "configure")
    config = read_config(workspace, actor=actor)
    if config.run.features_file is None:
        raise SettingsError(
            "S-163",
            f"{workspace.config_path} names no features_file.",
            'write features_file = "features.py" under [run]',
        )
    file = read_owners_file(workspace.root, config.run.features_file)
    found = UserFeatures(_features_in(file), file.path.name, file.sha256)
    own = (declared(name, rule) for name, rule in config.features.items())
    check_names((*own, *found.features), config.attributes)
    trust(trust_folder(), file.path, file.sha256, actor.name)
    return found


def _with_file(own: tuple[Feature, ...], file: OwnersFile) -> UserFeatures:
    if not _is_trusted(file.path, file.sha256):
        raise NotAllowedError(
            "P-130",
            f"{file.path.name} is Python code that you have not trusted as it is now "
            f"(SHA-256 {file.sha256}).",
            f"read it, then `cip features trust`; or set {TRUST_VARIABLE} to that SHA-256",
        )
    return UserFeatures((*own, *_features_in(file)), file.path.name, file.sha256)


def _is_trusted(path: Path, digest: str) -> bool:
    return digest in trusted_digests() or is_trusted(trust_folder(), path, digest)


def _features_in(file: OwnersFile) -> tuple[Feature, ...]:
    """In the order of the file; their expressions name the file where they are wrong."""
    found = tuple(_named(file, run_owners_file(file)))
    if not found:
        raise SettingsError(
            "S-163",
            f"{file.path.name} defines no feature.",
            "write @feature(...) of cip.features above a function",
        )
    return found


def _named(file: OwnersFile, module: Any) -> Iterator[Feature]:
    for value in vars(module).values():
        if isinstance(value, Feature):
            yield replace(value, origin=file.path.name)
