"""Trees as paths: what a row must satisfy to come to each leaf, read from a booster's own file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

_LEAF: Final = -1
_NAN_IS_ZERO, _NAN_HAS_SIDE = 0, 2  # LightGBM's kinds of missing; of zeros as missing it has none


class Step(NamedTuple):
    """What all splits of one feature ask of a row on the way to a leaf: low < x <= high.

    `missing`: whether NaN comes through.  `share`: of the training rows (by weight) that came to
    these splits, how many went this way.
    """

    low: float = -inf
    high: float = inf
    missing: bool = True
    share: float = 1.0


Path: TypeAlias = tuple[float, dict[int, Step]]
"""The value of a leaf, and the step of each feature on the way to it."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by number, the root first: a row goes left where x <= threshold.

    A leaf has no `left` (-1); `value` is of leaves.  `cover`: training rows, or their weight.
    """

    feature: Sequence[int]
    threshold: Sequence[float]
    nan_left: Sequence[bool]
    left: Sequence[int]
    right: Sequence[int]
    cover: Sequence[float]
    value: Sequence[float]

    def paths(self) -> Iterator[Path]:
        """One a leaf, from left to right."""
        waiting: list[tuple[int, dict[int, Step]]] = [(0, {})]
        while waiting:
            node, steps = waiting.pop()
            if self.left[node] == _LEAF:
                yield self.value[node], steps
                continue
            for child, is_left in ((self.right[node], False), (self.left[node], True)):
                step = self._step(node, child, steps.get(self.feature[node], Step()), left=is_left)
                waiting.append((child, {**steps, self.feature[node]: step}))

    def _step(self, node: int, child: int, before: Step, *, left: bool) -> Step:
        cut, share = self.threshold[node], before.share * self.cover[child] / self.cover[node]
        missing = before.missing and self.nan_left[node] == left
        if left:
            return Step(before.low, min(before.high, cut), missing, share)
        return Step(max(before.low, cut), before.high, missing, share)


def of_lightgbm(text: str) -> list[Tree] | None:
    """The trees of a LightGBM model file; None where they split by more than numbers."""
    trees = []
    for part in text.split("\nTree=")[1:]:
        said = dict(line.split("=", 1) for line in part.splitlines() if "=" in line)
        if int(said["num_leaves"]) == 1:  # says the same of everybody
            continue
        kinds = {(int(kind) >> 2) & 3 for kind in said["decision_type"].split()}
        plain = said["num_cat"] == "0" and said.get("is_linear", "0") == "0"
        if not plain or kinds - {_NAN_IS_ZERO, _NAN_HAS_SIDE}:
            return None
        trees.append(_lightgbm_tree(said))
    return trees


def _lightgbm_tree(said: dict[str, str]) -> Tree:
    def numbers(name: str, kind: type) -> list[Any]:
        return [kind(word) for word in said[name].split()]

    leaves = int(said["num_leaves"])
    inner, leaf = leaves - 1, [_LEAF] * leaves
    cuts, kinds = numbers("threshold", float), numbers("decision_type", int)
    # a leaf is written as the complement of its number; here it comes after the inner nodes
    left, right = (
        [child if child >= 0 else inner + ~child for child in numbers(side, int)]
        for side in ("left_child", "right_child")
    )
    return Tree(
        numbers("split_feature", int),
        cuts,
        [
            bool(kind & 2) if (kind >> 2) & 3 == _NAN_HAS_SIDE else cut >= 0
            for kind, cut in zip(kinds, cuts, strict=True)
        ],
        left + leaf,
        right + leaf,
        numbers("internal_count", float) + numbers("leaf_count", float),
        [0.0] * inner + numbers("leaf_value", float),
    )


def of_xgboost(document: bytes) -> list[Tree] | None:
    """The trees of an XGBoost model in JSON, for rows in float32; None as of `of_lightgbm`."""
    booster = json.loads(document)["learner"]["gradient_booster"]
    if booster["name"] != "gbtree":
        return None
    trees = booster["model"]["trees"]
    if any(any(tree["split_type"]) or tree["categories"] for tree in trees):
        return None
    return [_xgboost_tree(tree) for tree in trees if len(tree["left_children"]) > 1]


def _xgboost_tree(said: dict[str, Any]) -> Tree:
    cuts = np.array(said["split_conditions"], dtype=np.float32)
    # left is below the cut, which is up to the number before it
    below = np.nextafter(cuts, np.float32(-np.inf)).astype(np.float64)
    return Tree(
        said["split_indices"],
        below.tolist(),
        [bool(side) for side in said["default_left"]],
        said["left_children"],
        said["right_children"],
        said["sum_hessian"],
        cuts.astype(np.float64).tolist(),
    )
