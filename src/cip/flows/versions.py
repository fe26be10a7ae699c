"""The model versions of a workspace: which one serves, what made it, and the way back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cip.access.roles import require
from cip.errors import ContractError, NotFoundError, NotReadyError
from cip.flows.lineage import manifest_sum
from cip.flows.model_folder import MODEL, read_model, schema_hash
from cip.models.churn.candidates import candidate_named
from cip.settings import Workspace
from cip.stores.published import damage, read_summary, run_folder
from cip.stores.records import Records, open_records
from cip.stores.versions import Version, all_versions
from cip.types import Principal

State = Literal["champion", "challenger", "retired"]


@dataclass(frozen=True)
class Model:
    """A version and where it stands.

    `champion`: promoted, and its run is the current one; `challenger`: measured, and not shown to
    know enough to serve; `retired`: was promoted, and another run is current.
    """

    version: Version
    state: State
    is_current: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "version": self.version.version,
            "state": self.state,
            "is_current": self.is_current,
            "created_at": self.version.created_at.isoformat(),
            "created_by": self.version.created_by,
            **asdict(self.version.lineage),
        }

    def line(self) -> str:
        """One line for people."""
        made = self.version.lineage
        mark = "*" if self.is_current else " "
        return (
            f"{mark} {self.version.version:>4}  {self.state:<10}  {made.run_id}  "
            f"{candidate_named(made.model).label}, {made.verdict}, {self._auc()}"
        )

    def lines(self) -> list[str]:
        """Everything, for people."""
        made = self.version.lineage
        data = ", ".join(f"{table} {number}" for table, number in made.data_versions.items())
        return [
            self.line().strip("* "),
            f"made      {self.version.created_at:%Y-%m-%d %H:%M} UTC by {self.version.created_by}",
            f"data      {data or 'none'} (versions in the lake)",
            f"code      CIP {made.code_version}, commit {made.code_commit or 'not known'}",
            f"settings  {made.config_fingerprint[:12]}, seed {made.seed}",
            f"machine   {', '.join(f'{k} {v}' for k, v in made.environment.items())}",
            f"files     manifest {made.manifest_sha256[:12]}, schema {made.schema_hash[:12]}",
            *(f"  {name:<24} {_figure(figure)}" for name, figure in made.metrics.items()),
        ]

    def _auc(self) -> str:
        auc = self.version.lineage.metrics.get("roc_auc", {}).get("value")
        return "ROC-AUC not measured" if auc is None else f"ROC-AUC {auc:.3f}"


@dataclass(frozen=True)
class RolledBack:
    """What is current now, and what was before."""

    run_id: str
    before: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def models(workspace: Workspace, *, actor: Principal) -> list[Model]:
    """Every version, newest first; runs published before versions were kept have none."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        return _models(records)


def model(workspace: Workspace, wanted: str, *, actor: Principal) -> Model:
    """The version of this number, or of this run.  Raises: NotFoundError F-321."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        return _named(_models(records), wanted)


def roll_back(workspace: Workspace, wanted: str | None = None, *, actor: Principal) -> RolledBack:
    """Makes an earlier published run the current one again: one row, with an audit line.

    Without `wanted` it is the newest promoted version before the current run's.  Its files are
    checked first, every one; nothing is computed.  A run published before versions were kept is
    named by its run id, and held against its own manifest only.
    Raises: NotFoundError F-321 and P-104, NotReadyError F-322 for no earlier version, F-323 for
    the one that is current, ContractError F-324 for damaged files, and as `read_model`.
    """
    require(actor, "run")
    with open_records(workspace.records_url) as records:
        before = records.current_run_id()
        run_id, version = _chosen(records, wanted)
        if run_id == before:
            raise NotReadyError("F-323", f"run {run_id} is current already.", "see `cip models`")
        _check_whole(run_folder(workspace.published, run_id), run_id, version)
        records.publish(run_id, actor, action="roll back")
    return RolledBack(run_id, before)


def _check_whole(folder: Path, run_id: str, version: Version | None) -> None:
    """Nothing, where the published run is what was published and this code can read it."""
    if version is not None and manifest_sum(folder) != version.lineage.manifest_sha256:
        raise _damaged(run_id, "its manifest was changed after it was published")
    if files := damage(folder):
        raise _damaged(run_id, f"{len(files)} of its files are missing or changed: {_few(files)}")
    read_summary(folder)
    found, _ = read_model(folder / MODEL)
    if version is not None and schema_hash(found.encoder) != version.lineage.schema_hash:
        raise _damaged(run_id, "its model reads another schema than the records say")


def _models(records: Records) -> list[Model]:
    current = records.current_run_id()
    return [_model(version, version.lineage.run_id == current) for version in all_versions(records)]


def _model(version: Version, is_current: bool) -> Model:
    if not version.lineage.promoted:
        return Model(version, "challenger", is_current)
    return Model(version, "champion" if is_current else "retired", is_current)


def _named(listed: list[Model], wanted: str) -> Model:
    for each in listed:
        if wanted in (str(each.version.version), each.version.lineage.run_id):
            return each
    raise NotFoundError("F-321", f"there is no model version {wanted!r}.", "see `cip models`")


def _chosen(records: Records, wanted: str | None) -> tuple[str, Version | None]:
    listed = _models(records)
    if wanted is None:
        found = _before_current(listed)
        return found.lineage.run_id, found
    if any(run.run_id == wanted for run in records.runs(10_000)) and not any(
        each.version.lineage.run_id == wanted for each in listed
    ):
        return wanted, None
    version = _named(listed, wanted).version
    return version.lineage.run_id, version


def _before_current(listed: list[Model]) -> Version:
    current = next((each.version.version for each in listed if each.is_current), None)
    earlier = [
        each.version
        for each in listed
        if current is not None and each.version.version < current and each.version.lineage.promoted
    ]
    if not earlier:
        raise NotReadyError(
            "F-322",
            "there is no earlier version that was promoted, so nothing to go back to.",
            "`cip models` lists what there is; name one to take it all the same",
        )
    return earlier[0]


def _damaged(run_id: str, how: str) -> ContractError:
    return ContractError(
        "F-324",
        f"run {run_id} cannot be made current: {how}.",
        f"restore published/{run_id} from a backup, or name another version",
    )


def _few(files: list[str]) -> str:
    return ", ".join(files[:3]) + (", ..." if len(files) > 3 else "")


def _figure(figure: dict[str, Any]) -> str:
    if figure.get("value") is None:
        return str(figure.get("reason", ""))
    said = f"{figure['value']:.4g}"
    if figure.get("low") is None or figure.get("high") is None:
        return said
    return f"{said} ({figure['low']:.4g} to {figure['high']:.4g})"
