"""Score a file: rows with features by the current run's model, or ids by what was published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip import columns as c
from cip.access.roles import require
from cip.errors import ContractError, NotReadyError
from cip.flows.arrow import objects
from cip.flows.decide import as_json
from cip.flows.score_rows import RowsOfFile, features_of, read_file
from cip.flows.scorer import MARGIN, Scorer, open_scorer
from cip.flows.served import check_served
from cip.flows.steps import Steps
from cip.models.churn.model import BASE_RATE
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.customers import INTERVAL_COLUMNS, LIST, LOOKUP, MAIN_REASON, REASONS
from cip.stores.lookup import Lookup
from cip.stores.outgoing import whole_file
from cip.stores.published import run_folder
from cip.stores.records import open_records
from cip.types import Principal, Reason
from cip.wording import count

ROW: Final = "row"
NOTE: Final = "note"
_PUBLISHED: Final = {
    c.CHURN_BAND: pa.string(),
    c.CLV: pa.float64(),
    c.CLV_IF_RETAINED: pa.float64(),
    c.EXPECTED_VALUE_LOSS: pa.float64(),
    c.PRIORITY_SEGMENT: pa.string(),
    MAIN_REASON: pa.string(),
}
_NOBODY_APART: Final = (
    "No model serves, for none was shown to know enough: every score is the base rate and tells "
    "nobody from another."
)
_NAMED: Final = 5
_NO_ROWS: Final = "give at least one row to score; nothing was written"


@dataclass
class Scored:
    """What came out: `by` features or ids, and what was met on the way.

    `unknown`: by category, values that count as `other`; `missing`: columns that were not there;
    `not_found`: ids that the run did not score; `base_rate`: no model serves, so that every score
    is the base rate.
    """

    run_id: str
    out: str
    by: str
    rows: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    missing: tuple[str, ...] = ()
    not_found: int = 0
    base_rate: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"unknown": dict(self.unknown), "missing": list(self.missing)}

    def lines(self) -> list[str]:
        """For people."""
        how = "by its model" if self.by == "features" else "as published"
        said = [f"{self.out}: {count(self.rows)} rows, {how} (run {self.run_id})."]
        if self.base_rate:
            said.append(_NOBODY_APART)
        said += [
            f"{name}: {count(values)} of {count(self.rows)} rows hold what is none of the levels "
            "that the model learned; it counts as other."
            for name, values in sorted(self.unknown.items())
        ]
        if self.missing:
            said.append(f"Not in the file, so missing in every row: {', '.join(self.missing)}.")
        if self.not_found:
            said.append(f"{count(self.not_found)} ids have no score; the column `{NOTE}` says why.")
        return said


def score(
    workspace: Workspace,
    file: Path,
    out: Path,
    *,
    actor: Principal,
    progress: Progress,
    with_reasons: bool = False,
    allow_missing: bool = False,
) -> Scored:
    """Writes `out`, one row a row of `file`, in its order, in memory that does not grow with it.

    A file with the model's features is scored by the model of the current run; one with ids alone
    (a column `customer_id`, or a single column) gets the numbers that were published for them.
    Text that the model does not know counts as its level `other`; an empty cell or NaN is missing.
    Raises: NotReadyError F-201 without a run; ContractError F-331 for columns that are not there
    (not with `allow_missing`), F-332 for a value of the wrong type, F-333 for rows that have not as
    many cells as the header; as `read_file`, `open_scorer` and `whole_file`.
    """
    require(actor, "export")
    run_id, folder = _current(workspace)
    scorer = open_scorer(folder)
    opened, rows = read_file(file)
    steps = Steps(progress)
    with rows.closing, steps.step("score", f"scoring {file.name}") as step:
        done = Scored(run_id, str(out), "features", base_rate=scorer.model.name == BASE_RATE)
        one: Callable[[pa.Table], pa.Table]
        if id_column := _ids_alone(opened, scorer):
            done.by, lookup = "ids", Lookup(folder / LOOKUP)
            kinds = _published_columns(folder)
            one = partial(_published, lookup, id_column, kinds, done, with_reasons=with_reasons)
        else:
            done.missing = _missing(file, opened, scorer, allow_missing=allow_missing)
            one = partial(_predicted, scorer, done, with_reasons=with_reasons)
        with whole_file(out) as write:
            for table in opened.tables:
                write(one(table))
                done.rows += len(table)
                steps.moved("score", f"{count(done.rows)} rows")
            _refuse_ragged(opened)
            if not done.rows:
                raise ContractError("F-335", f"{file} has no rows below its header.", _NO_ROWS)
        step.rows, step.said = done.rows, out.name
    with open_records(workspace.records_url) as records:
        records.log(actor, "score", run_id, {"rows": done.rows, "by": done.by})
    return done


def _current(workspace: Workspace) -> tuple[str, Path]:
    """The run that is current, and its folder, whose model is what was published."""
    with open_records(workspace.records_url) as records:
        run_id = records.current_run_id()
        if run_id is None:
            raise NotReadyError(
                "F-201",
                f"no run has been published in {workspace.root.name} yet.",
                f"make one: `cip run -w {workspace.root}`",
            )
        folder = run_folder(workspace.published, run_id)
        check_served(records, folder, run_id)
    return run_id, folder


def _ids_alone(opened: RowsOfFile, scorer: Scorer) -> str | None:
    """The column of ids, where the file has no feature that the model reads."""
    if any(name in opened.columns for name in scorer.model.features):
        return None
    if len(opened.columns) == 1:
        return opened.columns[0]
    return c.CUSTOMER_ID if c.CUSTOMER_ID in opened.columns and scorer.infos else None


def _missing(
    file: Path, opened: RowsOfFile, scorer: Scorer, *, allow_missing: bool
) -> tuple[str, ...]:
    features = scorer.model.features
    missing = tuple(name for name in features if name not in opened.columns)
    if missing and not allow_missing:
        raise ContractError(
            "F-331",
            f"{file} lacks {len(missing)} of the {len(features)} features that the model of run "
            f"{scorer.run_id} reads: {_few(missing)}.",
            f"{_look_alikes(missing, opened.columns)}add them (`cip export` writes such a file), "
            "take them as not known with `--allow-missing`, or give a column customer_id alone",
        )
    return missing


def _look_alikes(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Names in the file that differ from those of features only in how they are written."""
    plain = {_plain(name): name for name in columns}
    alike = [f"{plain[_plain(n)]} to {n}" for n in missing if _plain(n) in plain]
    return f"rename {_few(alike)}; " if alike else ""


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _predicted(scorer: Scorer, done: Scored, table: pa.Table, *, with_reasons: bool) -> pa.Table:
    columns = features_of(table, scorer.infos)
    done.unknown.update(scorer.unknown(columns))
    scored = scorer.predict_columns(columns, len(table), with_reasons=with_reasons)
    name = c.CUSTOMER_ID if c.CUSTOMER_ID in table.column_names else c.SOURCE_ROW
    first = ROW if name == c.SOURCE_ROW else name
    return scored.drop_columns([MARGIN]).add_column(0, first, table[name])


def _published_columns(folder: Path) -> dict[str, pa.DataType]:
    """What is said of an id; both ends of p_churn where the run gave them."""
    held = pq.read_schema(folder / f"{LIST}.parquet").names
    ends = [name for name in INTERVAL_COLUMNS if name in held]
    return {c.P_CHURN: pa.float64(), **dict.fromkeys(ends, pa.float64()), **_PUBLISHED}


def _published(
    lookup: Lookup,
    id_column: str,
    kinds: Mapping[str, pa.DataType],
    done: Scored,
    table: pa.Table,
    *,
    with_reasons: bool,
) -> pa.Table:
    """What was published for each id; an empty score and a note for one that was not scored."""
    ids = [None if who is None else str(who) for who in objects(table[id_column])]
    known = lookup.customers(who for who in ids if who is not None)
    rows = [{} if who is None else known.get(who, {}) for who in ids]
    done.not_found += sum(not row for row in rows)
    note = f"run {done.run_id} did not score this id"
    columns: dict[str, pa.Array] = {
        c.CUSTOMER_ID: pa.array(ids, pa.string()),
        **{name: pa.array([r.get(name) for r in rows], kind) for name, kind in kinds.items()},
    }
    if with_reasons:
        listed = [as_json([Reason(**r) for r in row["reasons"]]) if row else None for row in rows]
        columns[REASONS] = pa.array(listed, pa.string())
    columns[NOTE] = pa.array([None if row else note for row in rows], pa.string())
    return pa.table(columns)


def _refuse_ragged(opened: RowsOfFile) -> None:
    for finding in opened.findings():
        raise ContractError("F-333", finding.message, "mend those rows; nothing was written")
