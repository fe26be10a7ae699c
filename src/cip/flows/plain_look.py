"""Look at one customer table without time: who they are, and who has left by its own word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.contract.config import Config, LabelRule
from cip.engine.plain import PlainTable, answered, plain_table
from cip.errors import ContractError
from cip.flows.job import Job
from cip.flows.look import OtherLook, in_currency
from cip.flows.units import with_units
from cip.stores.lake import LakeSnapshot
from cip.types import BoolArray, FeatureFrame, FeatureInfo, Finding, LabelledFrame, ObjectArray
from cip.wording import count

FEWEST: Final = 34
"""Of each class: with so many, three of five folds still hold the 20 that a model learns from."""

_SHOWN: Final = 6
_LISTED: Final = 20


@dataclass(frozen=True)
class PlainLooked:
    """Everything that the models read of m customers, in order of id.

    `score`: everybody.  `labelled`: the rows of those whose label is known, by position in
    `score`; `known` and `has_left`: (m,), the second False where the label is not known.
    `attributes`: as the table has them, the label's column last; `values`: how many customers say
    what, the twenty most frequent first.
    """

    rows: dict[str, int]
    score: FeatureFrame
    labelled: LabelledFrame
    known: BoolArray
    has_left: BoolArray
    infos: tuple[FeatureInfo, ...]
    names: ObjectArray
    attributes: Mapping[str, NDArray[Any]]
    values: Mapping[str, int]
    findings: tuple[Finding, ...]
    others: tuple[OtherLook, ...]

    @property
    def is_here(self) -> BoolArray:
        """(m,): who has not left, as far as the label knows."""
        return ~self.has_left


def look_plain(job: Job, con: Any, lake: LakeSnapshot) -> PlainLooked:
    """All of it.  Raises: ContractError C-212 where too few left or stayed to learn from."""
    config = job.config
    with job.steps.step("look", "looking at the customer table") as step:
        answers = [rule.column or "" for rule in (config.churn.label, *config.churn.also)]
        table = plain_table(
            con,
            lake,
            [name for name in config.attributes if name not in answers],
            answers,
            money=config.value.monthly,
            words=_declared_texts(config),
        )
        looked = _looked(table, {t: lake.rows(t) for t in lake.versions if lake.has(t)}, config)
        step.rows = len(table.frame)
        step.said = f"{len(looked.infos)} attributes, {count(len(looked.labelled))} labels"
    return looked


def _declared_texts(config: Config) -> list[str]:
    types = (part.attribute_types for part in config.tables.get("customers", ()))
    return [name for part in types for name, kind in part.items() if kind == "text"]


def _looked(table: PlainTable, rows: dict[str, int], config: Config) -> PlainLooked:
    rule = config.churn.label
    said = table.labels[rule.column or ""]
    known, left = answered(said, rule)
    _check_both(known, left, said, rule)
    labelled = _labelled(table.frame, known, left)
    spoken = with_units(in_currency(table.infos, config.workspace.currency), config)
    infos, empty = _telling(spoken, labelled)
    return PlainLooked(
        rows=rows,
        score=table.frame,
        labelled=labelled,
        known=known,
        has_left=left,
        infos=infos,
        names=table.names,
        attributes={**table.frame.columns, rule.column or "": said},
        values=dict(_counted(said).most_common(_LISTED)),
        findings=(*_several_ways_to_stay(said, rule), *empty),
        others=tuple(_other(table, infos, other) for other in config.churn.also),
    )


def _telling(
    infos: Sequence[FeatureInfo], labelled: LabelledFrame
) -> tuple[tuple[FeatureInfo, ...], list[Finding]]:
    """The attributes that can tell customers apart, and a finding for each that cannot."""
    kept, findings = [], []
    for info in infos:
        why = _tells_nothing(labelled.features.columns[info.name])
        if not why:
            kept.append(info)
            continue
        message = f"customers.{info.name} {why}: no model reads it."
        findings.append(
            Finding(
                code="C-215",
                severity="info",
                table="customers",
                column=info.name,
                rows=len(labelled),
                total_rows=len(labelled),
                message=message,
                remedy="nothing, or fill the column",
            )
        )
    return tuple(kept), findings


def _tells_nothing(values: NDArray[Any]) -> str:
    is_text = values.dtype == np.object_
    known = np.array([v is not None for v in values]) if is_text else ~np.isnan(values)
    if known.sum() < FEWEST:
        return f"is known for {count(known.sum())} of {count(len(values))} customers with a label"
    same = len(set(values[known].tolist())) == 1
    return "is the same for everybody" if same and known.all() else ""


def _labelled(frame: FeatureFrame, known: BoolArray, left: BoolArray) -> LabelledFrame:
    """A table without time has seen no money after it."""
    return LabelledFrame(frame.take(known), left[known], np.full(int(known.sum()), np.nan))


def _other(table: PlainTable, infos: tuple[FeatureInfo, ...], rule: LabelRule) -> OtherLook:
    said = table.labels[rule.column or ""]
    known, left = answered(said, rule)
    _check_both(known, left, said, rule)
    return OtherLook(rule, (_labelled(table.frame, known, left),), infos)


def _counted(said: ObjectArray) -> Counter[str]:
    """How many customers say what; empty cells as empty text."""
    return Counter("" if value is None else value for value in said)


def _several_ways_to_stay(said: ObjectArray, rule: LabelRule) -> tuple[Finding, ...]:
    """A finding where values that nobody named count as stayed beside one another."""
    left = {value.lower() for value in rule.left}
    others = Counter(value for value in said if value is not None and value.lower() not in left)
    if rule.stayed or len(others) < 2:
        return ()
    (usual, _), *odd = others.most_common()
    listed = ", ".join(repr(value) for value, _ in [(usual, 0), *odd][:_SHOWN])
    rows = sum(n for _, n in odd)
    return (
        Finding(
            code="C-214",
            severity="warning",
            table="customers",
            column=rule.column or "",
            rows=rows,
            total_rows=len(said),
            message=(
                f"customers.{rule.column} has {count(len(others))} values that do not mean left "
                f"({listed}): all of them count as stayed."
            ),
            remedy=f"if some mean neither, name who stayed: churn.label.stayed = [{usual!r}]",
            example=odd[0][0],
        ),
    )


def _check_both(known: BoolArray, left: BoolArray, said: ObjectArray, rule: LabelRule) -> None:
    gone, all_known = int(left.sum()), int(known.sum())
    if min(gone, all_known - gone) >= FEWEST:
        return
    seen = _counted(said).most_common(_SHOWN)
    values = ", ".join(f"{value or '(empty)'} {count(n)}" for value, n in seen)
    raise ContractError(
        "C-212",
        f"of {count(len(said))} customers the column {rule.column} calls {count(gone)} left and "
        f"{count(all_known - gone)} stayed; a model and its test need at least {FEWEST} of each. "
        f"The column holds: {values}.",
        f"does {' or '.join(rule.left)} mean left? Set churn.label.left in cip.toml; else bring "
        "more customers",
    )
