"""Score a file: rows with features by the current run's model, or ids by what was published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from cip import columns as c
from cip.access.roles import require
from cip.errors import ContractError, NotReadyError
from cip.flows.arrow import objects
from cip.flows.decide import as_json
from cip.flows.score_rows import RowsOfFile, features_of, read_file
from cip.flows.scorer import MARGIN, Scorer, open_scorer
from cip.flows.steps import Steps
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.customers import LOOKUP, MAIN_REASON, REASONS
from cip.stores.lookup import Lookup
from cip.stores.outgoing import whole_file
from cip.stores.published import run_folder
from cip.stores.records import open_records
from cip.types import Principal, Reason
from cip.wording import count

ROW: Final = "row"
NOTE: Final = "note"
_PUBLISHED: Final = {
    c.P_CHURN: pa.float64(),
    c.CHURN_BAND: pa.string(),
    c.CLV: pa.float64(),
    c.CLV_IF_RETAINED: pa.float64(),
    c.EXPECTED_VALUE_LOSS: pa.float64(),
    c.PRIORITY_SEGMENT: pa.string(),
    MAIN_REASON: pa.string(),
}
_NAMED: Final = 5


@dataclass
class Scored:
    """What came out: `by` features or ids, and what was met on the way.

    `unknown`: by category, values that count as `other`; `missing`: columns that were not there;
    `not_found`: ids that the run did not score.
    """

    run_id: str
    out: str
    by: str
    rows: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    missing: tuple[str, ...] = ()
    not_found: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"unknown": dict(self.unknown), "missing": list(self.missing)}

    def lines(self) -> list[str]:
        """For people."""
        how = "by its model" if self.by == "features" else "as published"
        said = [f"{self.out}: {count(self.rows)} rows, {how} (run {self.run_id})."]
        said += [
            f"{count(values)} values of {name} are none of the levels that the model learned, so "
            "they count as other."
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
    run_id = _current(workspace)
    folder = run_folder(workspace.published, run_id)
    scorer = open_scorer(folder)
    opened, rows = read_file(file)
    steps = Steps(progress)
    with rows.closing, steps.step("score", f"scoring {file.name}") as step:
        done = Scored(run_id, str(out), "features")
        one: Callable[[pa.Table], pa.Table]
        if id_column := _ids_alone(opened, scorer):
            done.by, lookup = "ids", Lookup(folder / LOOKUP)
            one = partial(_published, lookup, id_column, done, with_reasons=with_reasons)
        else:
            done.missing = _missing(file, opened, scorer, allow_missing=allow_missing)
            one = partial(_predicted, scorer, done, with_reasons=with_reasons)
        with whole_file(out) as write:
            for table in opened.tables:
                write(one(table))
                done.rows += len(table)
                steps.moved("score", f"{count(done.rows)} rows")
            _refuse_ragged(opened)
        step.rows, step.said = done.rows, out.name
    with open_records(workspace.records_url) as records:
        records.log(actor, "score", run_id, {"rows": done.rows, "by": done.by})
    return done


def _current(workspace: Workspace) -> str:
    with open_records(workspace.records_url) as records:
        run_id = records.current_run_id()
    if run_id is None:
        raise NotReadyError(
            "F-201",
            f"no run has been published in {workspace.root.name} yet.",
            f"make one: `cip run -w {workspace.root}`",
        )
    return run_id


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
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise ContractError(
            "F-331",
            f"{file} lacks {len(missing)} of the {len(features)} features that the model of run "
            f"{scorer.run_id} reads: {', '.join(missing[:_NAMED])}{more}.",
            "add them (`cip export` writes such a file), take them as not known with "
            "`--allow-missing`, or give a column customer_id alone",
        )
    return missing


def _predicted(scorer: Scorer, done: Scored, table: pa.Table, *, with_reasons: bool) -> pa.Table:
    columns = features_of(table, scorer.infos)
    done.unknown.update(scorer.unknown(columns))
    scored = scorer.predict_columns(columns, len(table), with_reasons=with_reasons)
    name = c.CUSTOMER_ID if c.CUSTOMER_ID in table.column_names else c.SOURCE_ROW
    first = ROW if name == c.SOURCE_ROW else name
    return scored.drop_columns([MARGIN]).add_column(0, first, table[name])


def _published(
    lookup: Lookup, id_column: str, done: Scored, table: pa.Table, *, with_reasons: bool
) -> pa.Table:
    """What was published for each id; an empty score and a note for one that was not scored."""
    ids = [None if who is None else str(who) for who in objects(table[id_column])]
    rows = [(lookup.customer(who) if who is not None else None) or {} for who in ids]
    done.not_found += sum(not row for row in rows)
    note = f"run {done.run_id} did not score this id"
    columns: dict[str, pa.Array] = {
        c.CUSTOMER_ID: pa.array(ids, pa.string()),
        **{name: pa.array([r.get(name) for r in rows], kind) for name, kind in _PUBLISHED.items()},
    }
    if with_reasons:
        listed = [as_json([Reason(**r) for r in row["reasons"]]) if row else None for row in rows]
        columns[REASONS] = pa.array(listed, pa.string())
    columns[NOTE] = pa.array([None if row else note for row in rows], pa.string())
    return pa.table(columns)


def _refuse_ragged(opened: RowsOfFile) -> None:
    for finding in opened.findings():
        raise ContractError("F-333", finding.message, "mend those rows; nothing was written")
