"""An honest verdict on somebody's existing score, from one file and without a workspace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

import cip
from cip.access.roles import require
from cip.flows.judge_evidence import Evidence
from cip.flows.judge_features import other_columns
from cip.flows.judge_measure import Judgeable, judgeable, measured
from cip.flows.judge_read import ReadFile, read_file
from cip.flows.judge_rival import rival_of
from cip.flows.judge_wanted import Wanted
from cip.flows.judge_words import Said, words
from cip.flows.steps import Step, Steps
from cip.models.judge.signs import sign_of_far_above
from cip.ports import Progress
from cip.types import Principal


@dataclass(frozen=True)
class Judged:
    """The verdict in words, and all that it rests on."""

    said: Said
    evidence: Evidence
    judged_at: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "ok": True,
            **self.said.as_dict(),
            **self.evidence.as_dict(),
            "judged_at": self.judged_at,
            "version": cip.__version__,
        }

    def lines(self) -> list[str]:
        """For people: the verdict first, then what to do, then the figures."""
        return self.said.lines()


def judge(wanted: Wanted, *, actor: Principal, progress: Progress) -> Judged:
    """The verdict.

    Raises: NotFoundError J-101, SettingsError J-102 and J-105, ContractError J-103 to J-110 for a
    file that cannot be judged, and what the readers say of it.
    """
    require(actor, "read")
    steps = Steps(progress)
    with steps.step("read", "reading the file") as step:
        read = read_file(wanted)
        step.rows, step.said = read.table.num_rows, f"{len(read.table.column_names)} columns"
    with steps.step("measure", "ranking, calibration, money, signs of a leak") as step:
        rows = judgeable(read, wanted)
        evidence = measured(read, rows, wanted)
        step.rows, step.said = len(rows.at), f"ROC-AUC {evidence.figures['roc_auc'].value:.3f}"
    with steps.step("compare", "our own model on the other columns") as step:
        evidence = _compared(read, rows, evidence, step)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Judged(words(evidence), evidence, now)


def _compared(read: ReadFile, rows: Judgeable, evidence: Evidence, step: Step) -> Evidence:
    """The evidence with our own model beside the score."""
    others = other_columns(
        read.table.take(pa.array(rows.at)),
        evidence.wanted,
        rows.score,
        rows.churned,
        rows.who,
    )
    rival = rival_of(
        others,
        rows.score,
        rows.column,
        rows.churned,
        rows.who,
        seed=rows.seed,
        draws=rows.draws,
    )
    step.rows, step.said = len(others.at), f"{len(others.columns)} columns"
    far = [] if isinstance(rival, str) else sign_of_far_above(rival.score_auc, rival.over_rival)
    return replace(evidence, rival=rival, left_out=others.left_out, signs=(*evidence.signs, *far))
