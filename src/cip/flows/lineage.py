"""What made a model: the data, the code, the settings, the seed, the machine, and how it did."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import cip
from cip.flows.job import Job
from cip.flows.model_folder import schema_hash
from cip.models.churn.model import ChurnModel
from cip.stores.published import MANIFEST
from cip.stores.versions import Lineage

_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")


def lineage_of(
    job: Job,
    folder: Path,
    summary: Mapping[str, Any],
    champion: ChurnModel,
    data_versions: Mapping[str, int],
) -> Lineage:
    """Of the run in `folder`, which is sealed."""
    churn = summary["churn"]
    measured = next(model for model in churn["models"] if model["name"] == churn["chosen"])
    return Lineage(
        run_id=str(summary["run_id"]),
        model=churn["chosen"],
        promoted=churn["promoted"],
        verdict=churn["verdicts"]["signal"]["word"],
        metrics=measured["test"],
        data_versions=dict(data_versions),
        config_fingerprint=job.config.fingerprint(),
        code_version=cip.__version__,
        code_commit=code_commit(Path(cip.__file__)),
        seed=job.config.run.seed,
        environment=summary["environment"],
        manifest_sha256=manifest_sum(folder),
        schema_hash=schema_hash(champion.encoder),
    )


def manifest_sum(folder: Path) -> str:
    """SHA-256 of a published run's manifest, which holds those of all its files."""
    return sha256((folder / MANIFEST).read_bytes()).hexdigest()


def code_commit(module: Path) -> str | None:
    """The git commit that is checked out above `module`, as in `src/cip/`; None without one."""
    git = module.resolve().parents[2] / ".git"
    head = _read(git / "HEAD")
    if not head.startswith("ref: "):
        return _commit(head)
    name = head.removeprefix("ref: ")
    packed = (line.split(" ") for line in _read(git / "packed-refs").splitlines())
    listed = {parts[1]: parts[0] for parts in packed if len(parts) == 2}
    return _commit(_read(git / name)) or _commit(listed.get(name, ""))


def _commit(text: str) -> str | None:
    return text if _COMMIT.fullmatch(text) else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
