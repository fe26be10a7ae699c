"""The model in the groups of attributes that `cip.toml` declares sensitive, on the test rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np

from cip.contract.config import Config
from cip.models.fairness import FEW, UNKNOWN, fairness_of, grouped, in_words
from cip.types import FloatArray, LabelledFrame

_CAUTION: Final = (
    "Differences are described, not judged: where groups leave at different rates, equal "
    "calibration and equal shares of errors cannot all hold at once. What is fair here is for "
    "people, and for the law of the place, to say."
)
_NOT_THERE: Final = (
    "The column is not among the test customers' attributes: it was kept out because it may know "
    "the future, or it holds times."
)


def fairness_table(
    test: LabelledFrame, p: FloatArray, read: Collection[str], config: Config
) -> dict[str, Any] | None:
    """JSON-ready; None where nothing is declared.  `p`: (n,) of the test rows, out of sample.

    `read`: the features that the model reads.
    """
    if not config.churn.sensitive:
        return None
    return {
        "threshold": config.churn.threshold,
        "fewest": FEW,
        "caution": _CAUTION,
        "attributes": [_attribute(name, test, p, read, config) for name in config.churn.sensitive],
    }


def fairness_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table flat, a row a group, for a file; [] where nothing was declared."""
    table = summary.get("fairness") or {"attributes": []}
    return [
        {
            "attribute": attribute["name"],
            "group": group["name"],
            "customers": group["customers"],
            "leavers": group["leavers"],
            "mean_p_churn": group["mean_p"],
            **_flat(group),
            "fewer_than_50": group["is_small"],
        }
        for attribute in table["attributes"]
        for group in attribute["groups"]
    ]


GROUP_ESTIMATES: Final = (
    "base_rate",
    "predicted_over_realised",
    "roc_auc",
    "recall",
    "false_alarms",
)


def _flat(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name if end == "value" else f"{name}_{end}": group[name][end]
        for name in GROUP_ESTIMATES
        for end in ("value", "low", "high")
    }


def _attribute(
    name: str, test: LabelledFrame, p: FloatArray, read: Collection[str], config: Config
) -> dict[str, Any]:
    is_read = name in read
    about = {"name": name, "is_feature": is_read, "said": _read_said(name, config, is_read=is_read)}
    values = test.features.columns.get(name)
    if values is None:
        return about | {"groups": [], "sentences": [], "reason": _NOT_THERE}
    names, places = grouped(values)
    if values.dtype.kind != "O":  # a bare number says nothing in a sentence
        said = {each: _numbered(name, each) for each in names}
        names, places = (
            tuple(said.values()),
            np.array([said[each] for each in places], dtype=object),
        )
    groups = fairness_of(
        names,
        places,
        test.churned,
        p,
        test.features.customer_id,
        threshold=config.churn.threshold,
        seed=config.run.seed,
        draws=config.run.draws,
    )
    found = [group.as_dict() for group in groups]
    return about | {"groups": found, "sentences": in_words(name, groups), "reason": ""}


def _numbered(attribute: str, group: str) -> str:
    return group if group == UNKNOWN else f"{attribute.replace('_', ' ')} {group}"


def _read_said(name: str, config: Config, *, is_read: bool) -> str:
    said = name.replace("_", " ")
    if is_read:
        return (
            f"The model reads {said} itself; leave_out = [{name!r}] under [churn] keeps it out of "
            "the next run."
        )
    why = " (leave_out in cip.toml)" if name in config.churn.leave_out else ""
    return (
        f"The model does not read {said}{why}; other facts may still tell much of it, so the "
        "groups are compared all the same."
    )
