"""Reasons: a model's contributions as sentences and as points of probability.

Points are contributions times the chord of the logistic curve, (p - p0) / (margin - base), with
p0 the probability at the base margin: additive in probability, with the signs of the contributions.
Contributions of features that speak of one fact are added before the largest facts are chosen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cip.models.encode_parts import Value
from cip.types import FeatureFrame, FeatureInfo, FloatArray, IntArray, Reason
from cip.wording import minus, singular

NOT_KNOWN: Final = "not known"
OTHERS: Final = "all other facts"
GROUPS: Final = 1000
TENURE: Final = "tenure_days"
EARLY_DAYS: Final = 30
_IS_TYPICAL: Final = {"number": "(as is typical)", "category": "(the most common)"}
_NOTHING_ELSE: Final = re.compile(
    rf" (?:{'|'.join(re.escape(aside) for aside in _IS_TYPICAL.values())})$"
)
_ASIDE: Final = re.compile(r"\s*\(typical[^()]*\{usual\}[^()]*\)")
_NAMED: Final = re.compile(r"\{(?!(?:v|usual)\})(\w+)\}")
_SUBJECT: Final = re.compile(r"([^{}:]+(?: is|:)) \{v\}")


@dataclass(frozen=True, slots=True)
class FactPoints:
    """The largest facts of n rows, largest first; with `k` the smaller of `top` and all facts.

    `facts`: names.  `codes`: (n, k) position in `facts`.  `points`: (n, k) points of probability
    (0.09 is nine points).  `lead`: (n, k) position in the infos of the fact's feature with the
    largest contribution.  `others`: (n,) points of all other facts together, so that points and
    others add up to p - p0.
    """

    facts: tuple[str, ...]
    codes: IntArray
    points: FloatArray
    lead: IntArray
    others: FloatArray


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a fact moves the margin: mean absolute contribution, and its share of all facts'.

    `features` gives the mean absolute contribution of each feature that speaks of it.  `low` to
    `high` is the 95 % interval of the share over customers: who else might have been scored by
    this very model.
    """

    fact: str
    mean_abs: float
    share: float
    features: Mapping[str, float]
    low: float = nan
    high: float = nan


def fact_points(
    infos: Sequence[FeatureInfo],
    contributions: FloatArray,
    *,
    base: float | FloatArray,
    margin: FloatArray,
    top: int = 8,
) -> FactPoints:
    """The `top` facts of each row of (n, len(infos)) `contributions`; `margin` is (n,).

    `base`: the base margin of all rows, or (n,) of each.  Points are in probability.  Equal sizes
    keep the order of the infos.
    """
    members = _members(infos)
    by_fact = _by_fact(contributions, members)
    codes = np.argsort(-np.abs(by_fact), axis=1, kind="stable")[:, :top].astype(np.int64)
    points = np.take_along_axis(by_fact, codes, axis=1) * _chord(base, by_fact.sum(axis=1))[:, None]
    leads = _leads(contributions, members)
    others: FloatArray = expit(margin) - expit(base) - points.sum(axis=1)
    return FactPoints(
        tuple(members), codes, points, np.take_along_axis(leads, codes, axis=1), others
    )


def all_reasons(
    infos: Sequence[FeatureInfo],
    columns: Mapping[str, Sequence[Value] | NDArray[Any]],
    typical: Mapping[str, Value],
    contributions: FloatArray,
    *,
    base: float | FloatArray,
    margin: FloatArray,
    top: int = 8,
) -> list[list[Reason]]:
    """What `reasons` says of each of n rows; `columns` holds n values of each feature.

    `contributions` is (n, len(infos)), `margin` (n,), and `base` one of all rows or (n,).
    """
    found = fact_points(infos, contributions, base=base, margin=margin, top=top)
    names = [tuple(infos[i].name for i in m) for m in _members(infos).values()]
    values = [columns[info.name] for info in infos]
    needed = [[name for name in _NAMED.findall(info.early) if name in columns] for info in infos]

    def reason(row: int, code: int, points: float, lead: int) -> Reason:
        info = while_new(infos[lead], {name: columns[name][row] for name in needed[lead]})
        value, usual = values[lead][row], typical.get(info.name)
        text = sentence(_told_apart(info, value, usual), value, usual)
        return Reason(found.facts[code], text, points, names[code], not _is_unknown(value))

    listed = [
        [reason(row, *each) for each in zip(*parts, strict=True)]
        for row, parts in enumerate(
            zip(found.codes.tolist(), found.points.tolist(), found.lead.tolist(), strict=True)
        )
    ]
    if len(found.facts) > top:
        for own, rest in zip(listed, found.others.tolist(), strict=True):
            own.append(Reason(OTHERS, "All other facts together", rest))
    return listed


def reasons(
    infos: Sequence[FeatureInfo],
    values: Mapping[str, Value],
    typical: Mapping[str, Value],
    contributions: FloatArray,
    *,
    base: float,
    margin: float,
    top: int = 8,
) -> list[Reason]:
    """One row's largest facts as sentences, largest first, then all others as one.

    `contributions` is (len(infos),) and base + its sum is `margin`; the points of all reasons add
    up to p - p0.  With no more than `top` facts there are no others to report.  `values` and
    `typical` go by feature name; None and NaN read `NOT_KNOWN`.
    """
    (listed,) = all_reasons(
        infos,
        {info.name: (values.get(info.name),) for info in infos},
        typical,
        contributions[None, :],
        base=base,
        margin=np.array([margin]),
        top=top,
    )
    return listed


def sentence(info: FeatureInfo, value: Value, usual: Value, theirs: Value = None) -> str:
    """The info's phrase with `{v}` and `{usual}` filled in; without a value, what that means.

    `theirs`: what is typical of the customer's segment, said beside what is typical of all.
    """
    said = {"v": _said(info, value), "usual": _said(info, usual)}
    if theirs is not None:
        said["usual"] += f", of their segment {_said(info, theirs)}"
    phrase = info.phrase if said["v"] != NOT_KNOWN else _unknown(info)
    aside = _ASIDE.search(phrase)
    if said["v"] == said["usual"]:  # "Contract is monthly (typical monthly)" would say nothing
        phrase = _with_aside(phrase, _IS_TYPICAL[info.kind])
    elif said["usual"] == NOT_KNOWN and aside and info.unknown:
        nothing = _ASIDE.sub("", info.unknown)
        phrase = _with_aside(phrase, f"(typical: {nothing[:1].lower()}{nothing[1:]})")
    return singular(re.sub(r"\{(v|usual)\}", lambda found: said[found[1]], phrase))


def without_typical(said: str) -> str:
    """The sentence without the aside that the value is the typical one."""
    return _NOTHING_ELSE.sub("", said)


def while_new(info: FeatureInfo, known: Mapping[str, Value]) -> FeatureInfo:
    """With the words for whoever came less than a month ago, where it has such and `known` says so.

    `known`: the customer's values of the features that those words name.
    """
    days = known.get(TENURE)
    if not isinstance(days, float | int) or isnan(days) or days >= EARLY_DAYS:
        return info
    if any(_is_unknown(known.get(name)) for name in _NAMED.findall(info.early)):
        return info
    phrase = _NAMED.sub(lambda found: f"{float(known[found[1]] or 0):,.0f}", info.early)
    return replace(info, phrase=phrase)


def typical_values(frame: FeatureFrame, infos: Sequence[FeatureInfo]) -> dict[str, Value]:
    """The median of each number and the most frequent level of each category.

    Of what most have no value of, to have none is typical: NaN, or None.
    """
    return {info.name: _typical(frame, info) for info in infos}


def global_importance(
    contributions: FloatArray, infos: Sequence[FeatureInfo], *, seed: int = 0, draws: int = 500
) -> tuple[Importance, ...]:
    """Facts by their mean absolute contribution over (n, len(infos)) rows, largest first."""
    members = _members(infos)
    sizes = np.abs(_by_fact(contributions, members))
    means = sizes.mean(axis=0)
    by_feature = np.abs(contributions).mean(axis=0)
    total = float(means.sum()) or 1.0
    ends = _share_ends(sizes, seed=seed, draws=draws)
    rows = [
        Importance(
            fact,
            float(size),
            float(size) / total,
            {infos[i].name: float(by_feature[i]) for i in members[fact]},
            low=float(low),
            high=float(high),
        )
        for fact, size, low, high in zip(members, means, *ends, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: -row.mean_abs))


def by_fact(
    infos: Sequence[FeatureInfo], contributions: FloatArray
) -> tuple[tuple[str, ...], FloatArray]:
    """The facts of the infos, and (n, facts) sums of (n, len(infos)) contributions or points."""
    members = _members(infos)
    return tuple(members), _by_fact(contributions, members)


def feature_points(base: float | FloatArray, contributions: FloatArray) -> FloatArray:
    """(n, k) contributions as points of probability; a row's points add up to its p - p0.

    `base`: the base margin of all rows, or (n,) of each.
    """
    slope: FloatArray = _chord(base, contributions.sum(axis=1))
    return contributions * slope[:, None]


def _members(infos: Sequence[FeatureInfo]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for i, info in enumerate(infos):
        members.setdefault(info.fact, []).append(i)
    return members


def _by_fact(contributions: FloatArray, members: Mapping[str, list[int]]) -> FloatArray:
    sums = np.take(contributions, [first for first, *_ in members.values()], axis=1)
    for fact, (_, *others) in enumerate(members.values()):
        for feature in others:  # one after the other: a row's bits are the same alone
            sums[:, fact] += contributions[:, feature]
    return sums


def _leads(contributions: FloatArray, members: Mapping[str, list[int]]) -> IntArray:
    """(n, facts) the feature with the largest contribution; the first of equal ones."""
    sizes = np.abs(contributions)
    leads = np.tile([first for first, *_ in members.values()], (len(sizes), 1))
    for fact, (first, *others) in enumerate(members.values()):
        largest = sizes[:, first]
        for feature in others:
            is_larger = sizes[:, feature] > largest
            leads[is_larger, fact] = feature
            largest = np.where(is_larger, sizes[:, feature], largest)
    return leads


def _share_ends(sizes: FloatArray, *, seed: int, draws: int) -> tuple[FloatArray, FloatArray]:
    """Both ends of the 95 % bootstrap interval of each column's share, over (n, k) rows.

    Many rows are drawn in `GROUPS` random groups: their sums vary as much, at a fixed cost.
    """
    rng = np.random.default_rng(seed)
    groups = min(GROUPS, len(sizes))
    place = rng.permutation(len(sizes)) % groups
    sums = np.stack([np.bincount(place, column, minlength=groups) for column in sizes.T], axis=1)
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), draws) @ sums
    shares = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    return low, high


def _chord(base: float | FloatArray, moved: FloatArray) -> FloatArray:
    """(n,) slope of the logistic curve between `base` and `base + moved`; at 0 its tangent."""
    p0 = expit(base)
    tangent = p0 * (1 - p0)
    far = np.abs(moved) > 1e-6  # nearer, the difference of the two probabilities loses its digits
    chord = (expit(base + moved) - p0) / np.where(far, moved, 1.0)
    return np.where(far, chord, tangent)


def _unknown(info: FeatureInfo) -> str:
    """What is said of a customer without a value; the fact's name where nobody wrote words."""
    if info.unknown:
        return info.unknown
    subject = _SUBJECT.match(info.phrase)
    start = subject[1] if subject else f"{info.fact[:1].upper()}{info.fact[1:]}:"
    return f"{start} {NOT_KNOWN} (typical {{usual}})"


def _with_aside(phrase: str, aside: str) -> str:
    """With `aside` for what is typical; as it is where it does not say that at its end."""
    return _ASIDE.sub(f" {aside}", phrase)


def _told_apart(info: FeatureInfo, value: Value, usual: Value) -> FeatureInfo:
    """With one more digit where two numbers differ and would read the same."""
    if not (isinstance(value, float | int) and isinstance(usual, float | int)):
        return info
    factor = 100 if info.unit == "share" else 1
    if value == usual or factor * abs(value - usual) >= 10.0**-info.decimals:
        return info
    same = _said(info, value) == _said(info, usual)
    return replace(info, decimals=info.decimals + 1) if same else info


def _is_unknown(value: Value) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _said(info: FeatureInfo, value: Value) -> str:
    if value is None or _is_unknown(value):
        return NOT_KNOWN
    if isinstance(value, str):
        return value
    if info.unit == "share":
        return minus(f"{100 * value:z,.{info.decimals}f} %")
    return minus(f"{value:z,.{info.decimals}f}")


def _typical(frame: FeatureFrame, info: FeatureInfo) -> Value:
    values = frame.columns[info.name]
    if info.kind == "category":
        counts = Counter(v for v in values.tolist() if v is not None)
        is_rare = 2 * counts.total() < len(values)
        return None if is_rare or not counts else min(counts, key=lambda v: (-counts[v], v))
    known = values[~np.isnan(values)]
    is_rare = 2 * len(known) < len(values)
    return float("nan") if is_rare or not len(known) else float(np.median(known))
