"""The model that serves is the one that was published, or it says nothing."""

from __future__ import annotations

from pathlib import Path

from cip.errors import ContractError
from cip.flows.lineage import manifest_sum
from cip.flows.model_folder import MODEL
from cip.stores.published import damage
from cip.stores.records import Records
from cip.stores.versions import version_of


def check_model_files(folder: Path) -> None:
    """Nothing, where the model's files in a published run are those that its manifest lists.

    The model's own manifest lies beside them, so who changes a file can change that one too.
    Raises: ContractError F-325.
    """
    if files := damage(folder, f"{MODEL}/"):
        raise _changed(folder, f"{', '.join(files)} are missing or not what was published")


def check_served(records: Records, folder: Path, run_id: str) -> None:
    """Nothing, where that manifest is the one, too, that the records remember.

    A run published before versions were kept is held against its own manifest only.
    Raises: ContractError F-325.
    """
    version = version_of(records, run_id)
    if version is not None and manifest_sum(folder) != version.lineage.manifest_sha256:
        raise _changed(folder, "its manifest was changed after it was published")
    check_model_files(folder)


def _changed(folder: Path, how: str) -> ContractError:
    return ContractError(
        "F-325",
        f"the model of run {folder.name} is not used: {how}.",
        f"restore published/{folder.name} from a backup, or go back: `cip models rollback`",
    )
