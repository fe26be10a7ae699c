"""Who leaves, learnt from a table without time: nested cross-validation, by customer.

Five folds with equal shares of leavers; in each the candidate, its settings where they are searched
and its calibration are chosen on the other four alone (`plain_study`).  So each published
probability comes from models, and from a choice, that did not see that customer's label, and what
is measured is the way of choosing, not the winner of a choice made on the same rows (Varma and
Simon 2006; docs/decisions/0019).  `[churn] repeats` does it again with other folds and averages the
figures (docs/decisions/0034).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit

from cip.contract.config import Config
from cip.errors import ContractError
from cip.flows.churn import BASE, Churn, MeasuredModel
from cip.flows.plain_look import PlainLooked
from cip.flows.plain_study import FOLDS, OutOfFold, Study, Way, folds_of, way_of
from cip.flows.search import Searched, Told, search_each, unheard
from cip.models.churn.candidates import CANDIDATES, Candidate, candidate_named
from cip.models.churn.model import ChurnModel
from cip.models.evaluate import curves
from cip.models.repeated import each_repeat, evaluate_repeats
from cip.models.verdict import choice_verdict, signal_verdict
from cip.types import BoolArray, Estimate, FloatArray, LabelledFrame, Verdict

_GOOD_ENOUGH: Final = {"useful": {"useful"}, "weak": {"useful", "weak"}}
_NO_RECENCY: Final = "There is no recency to compare with: the table has no time."


@dataclass(frozen=True)
class Scored:
    """p_churn of m customers and why: margin = base + the sum of the contributions, row by row.

    `contributions`: (m, k) by feature of the champion; the others (m,).  `low` and `high`: where
    the calibration gives an interval, else NaN.
    """

    p: FloatArray
    margin: FloatArray
    base: FloatArray
    contributions: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class PlainChurn:
    """What a run with events also has, measured out of fold, and the scores of everybody.

    `made.champion` is fitted on all labels and serves new rows; `scored` are the customers of the
    table, those with a label by models that did not see it: those of the first repeat, whose
    probabilities `made.p_test` and `made.curves` are, too.  `chosen_in`: the candidate that each
    fold's own choice fell on, repeat by repeat; `auc_in`: the ROC-AUC of each repeat.
    `searched_in`: what each of these folds found; `made.searched` is of all labels.
    """

    made: Churn
    scored: Scored
    chosen_in: tuple[str, ...]
    auc_in: tuple[float, ...]
    searched_in: tuple[Searched, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        counted = Counter(self.chosen_in)
        return {
            "folds": FOLDS,
            "repeats": len(self.auc_in),
            "roc_auc_of_repeats": list(self.auc_in),
            "chosen_in": dict(counted),
            "sentence": " ".join([self._how(counted), *self._spread()]),
        }

    def _how(self, counted: Counter[str]) -> str:
        named = ", ".join(f"{candidate_named(n).label} {k}" for n, k in counted.most_common())
        again = f", {len(self.auc_in)} times with other folds" if len(self.auc_in) > 1 else ""
        return (
            f"Nested cross-validation by customer, {FOLDS} folds{again}: in each the candidate was "
            f"chosen anew on the other {FOLDS - 1} ({named} of {len(self.chosen_in)}), so nobody's "
            "figure rests on their own label."
        )

    def _spread(self) -> list[str]:
        if len(self.auc_in) == 1:
            return []
        said = (
            f"Figures are means over the repeats, whose ROC-AUC lay between {min(self.auc_in):.4f} "
            f"and {max(self.auc_in):.4f}; their intervals count every customer once."
        )
        return [said]


@dataclass(frozen=True)
class _Repeats:
    """The labelled rows in all repeats: (n,) probabilities of each, by candidate and nested."""

    rows: LabelledFrame
    config: Config
    p: Mapping[str, Sequence[FloatArray]]
    nested: Sequence[FloatArray]

    def choice(self) -> tuple[str, Verdict]:
        """The rows of all repeats at once; a customer's are drawn together, however many."""
        p = {name: np.concatenate(parts) for name, parts in self.p.items()}
        run = self.config.run
        return choice_verdict(self._churned, p, self._who, seed=run.seed, draws=run.draws)

    def signal(self, base: float) -> Verdict:
        """The same for whether the choice knows more than the base rate."""
        # one number for all: the rates of the folds would rank their own leavers lower
        nothing = np.full(len(self._churned), base)
        return signal_verdict(
            self._churned, np.concatenate(self.nested), nothing, self._who, **self._drawn
        )

    def measured(self, parts: Sequence[FloatArray]) -> dict[str, Estimate]:
        """The metrics, as means over the repeats."""
        return evaluate_repeats(
            self.rows.churned,
            parts,
            self.rows.features.customer_id,
            threshold=self.config.churn.threshold,
            **self._drawn,
        )

    @property
    def _churned(self) -> BoolArray:
        return np.tile(self.rows.churned, len(self.nested))

    @property
    def _who(self) -> Any:
        return np.tile(self.rows.features.customer_id, len(self.nested))

    @property
    def _drawn(self) -> dict[str, int]:
        return {"seed": self.config.run.seed, "draws": self.config.run.draws}


def model_plain(looked: PlainLooked, config: Config, told: Told = unheard) -> PlainChurn:
    """Choose and measure inside the folds, then fit what serves on all labels.

    `told` hears of a search.  Raises: ContractError C-213 where no attribute is left to learn from.
    """
    if not looked.infos:
        raise ContractError(
            "C-213",
            "the customer table has no attribute that a model may learn from.",
            "name columns in tables.customers.attributes",
        )
    rows = looked.labelled
    whole, *parts = search_each(_searchable(rows, config), looked.infos, config, told)
    studies = [
        Study(looked, config, repeat, [part.settings for part in _of(repeat, parts)])
        for repeat in range(config.churn.repeats)
    ]
    ways = [study.choices() for study in studies]
    outs = [study.out_of_fold(way) for study, way in zip(studies, ways, strict=True)]
    repeats = _repeats(rows, config, outs)
    chosen, choice = repeats.choice()
    base = float(rows.churned.mean())
    signal = repeats.signal(base)
    promoted = signal.word in _GOOD_ENOUGH[config.churn.promote]
    study, out = studies[0], outs[0]
    mixes = {name: mix for name, (mix, _) in study.mixes(out.margin, study.everybody).items()}
    way = way_of(chosen, out.margin[chosen], rows, config, mixes)
    champion = (
        study.fit_way(way, whole.settings)
        if promoted
        else study.fit(BASE, study.everybody, whole.settings)
    )
    metrics = {name: repeats.measured(values) for name, values in repeats.p.items()}
    metrics[BASE] = repeats.measured([np.full(len(rows), base)])
    return PlainChurn(
        made=Churn(
            chosen=chosen,
            label=candidate_named(chosen).label,
            champion=champion,
            promoted=promoted,
            models=_models(chosen, repeats.measured(repeats.nested), metrics),
            signal=signal,
            choice=choice,
            against_recency=_NO_RECENCY,
            p_test=out.nested,
            curves=curves(rows.churned, out.nested),
            raced_rows=len(rows),
            searched=whole,
        ),
        scored=_scores(looked, champion, study, out.models if promoted else ()),
        chosen_in=_chosen_in(ways),
        auc_in=each_repeat(rows.churned, repeats.nested, "roc_auc"),
        searched_in=tuple(parts),
    )


def _searchable(rows: LabelledFrame, config: Config) -> list[tuple[str, LabelledFrame]]:
    """What may be searched on, and in whose name: all labels first, then what each fold may see."""
    parts = [("for all customers", rows)]
    for repeat in range(config.churn.repeats):
        folds = folds_of(rows, config, repeat)
        for fold in range(FOLDS):
            parts.append((f"fold {len(parts)}", rows.take(folds != fold)))
    return parts


def _of(repeat: int, parts: Sequence[Searched]) -> Sequence[Searched]:
    return parts[repeat * FOLDS : (repeat + 1) * FOLDS]


def _repeats(rows: LabelledFrame, config: Config, outs: Sequence[OutOfFold]) -> _Repeats:
    p = {name: [expit(out.margin[name]) for out in outs] for name in outs[0].margin}
    return _Repeats(rows, config, p, [out.nested for out in outs])


def _chosen_in(ways: Sequence[Sequence[Way]]) -> tuple[str, ...]:
    return tuple(way.name for repeat in ways for way in repeat)


def _models(
    chosen: str, nested: dict[str, Estimate], metrics: Mapping[str, dict[str, Estimate]]
) -> tuple[MeasuredModel, ...]:
    """Test figures are out of fold; the chosen one's are those of the whole way of choosing."""

    def measured(candidate: Candidate) -> MeasuredModel:
        own = metrics[candidate.name]
        if candidate.name == chosen:
            return MeasuredModel(candidate, own, nested, own)
        return MeasuredModel(candidate, {}, own)

    return tuple(measured(c) for c in CANDIDATES if c.name in metrics)


def _scores(
    looked: PlainLooked, champion: ChurnModel, study: Study, models: Sequence[ChurnModel]
) -> Scored:
    """Everybody by the champion, then those with a label by the model of their fold."""
    made = _scored_by(champion, looked, np.ones(len(looked.score), dtype=np.bool_))
    place = np.flatnonzero(looked.known)
    for fold, model in enumerate(models):
        theirs = np.zeros(len(looked.score), dtype=np.bool_)
        theirs[place[study.folds == fold]] = True
        part = _scored_by(model, looked, theirs)
        for whole, values in zip(_arrays(made), _arrays(part), strict=True):
            whole[theirs] = values
    return made


def _scored_by(model: ChurnModel, looked: PlainLooked, rows: BoolArray) -> Scored:
    frame = looked.score.take(rows)
    base, contributions = model.contributions(frame)
    margin = model.margin(frame)
    none = np.full(len(frame), np.nan)
    low, high = model.interval(frame) or (none, none.copy())
    return Scored(expit(margin), margin, np.full(len(frame), base), contributions, low, high)


def _arrays(scored: Scored) -> tuple[FloatArray, ...]:
    return scored.p, scored.margin, scored.base, scored.contributions, scored.low, scored.high
