"""What is said about a column that may know the future, and the bounds that say so.

The bounds and their reasons: docs/decisions/0018-leak-detector.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from cip.types import Estimate

Kind = Literal["near_copy", "too_good", "derived", "changes_later", "no_validity"]

FAMILY_ERROR: Final = 0.01  # chance that anything at all is wrongly suspected, all columns together
NEAR_COPY: Final = 0.95  # ROC-AUC of one column alone that nothing known beforehand reaches
TOO_GOOD: Final = 0.80  # ROC-AUC that is suspicious beside features known to be right in time
TOO_GOOD_APART: Final = 0.85  # the same where no feature is known to be
FAR_ABOVE: Final = 0.05  # ROC-AUC that surely lies between a leading column and the rest
LEADERS: Final = 3  # more leading columns than these are no odd ones out
PURE: Final = 0.90  # share of a group that leaves, or stays
LEFT_RATIO: Final = 20.0  # odds in a group of leavers over the odds of all
STAYED_RATIO: Final = 100.0  # more is asked of stayers: contracts hold people honestly
CHANGING: Final = 0.05  # share of customers for whom an attribute that never changes may change
DRIFT: Final = 0.10  # ROC-AUC gained or lost between the first and the last date
SAME: Final = 0.99  # R2 of a column by a product or a sum of two others

WORDS: Final[dict[Kind, str]] = {
    "near_copy": "near-copy of the answer",
    "too_good": "too good to be known before",
    "derived": "computed from other columns",
    "changes_later": "changes after the date",
    "no_validity": "written down later",
}
_ALLOW: Final = 'or, if it was known before every date, put allow = ["{name}"] into [churn]'
REMEDIES: Final[dict[Kind, str]] = {
    "near_copy": f"take it out of the attributes, {_ALLOW}",
    "too_good": f"ask who fills it in and when; take it out of the attributes, {_ALLOW}",
    "derived": "nothing to do: models see three columns that say what two say",
    "changes_later": f"map its changes as interactions with a time, take it out, {_ALLOW}",
    "no_validity": f"find out when it is filled in; take it out of the attributes, {_ALLOW}",
}
_KEEP_AS_IT_IS: Final = "nothing to do, as long as so few change"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One column, why it may know the future, and the figure that says so.

    `measure` says what `evidence` is; its interval holds for all columns looked at together, and
    `bound` is what its near end was held against.  Where `is_kept_out` is False the column is but
    a fact, and stays a feature.
    """

    feature: str
    kind: Kind
    sentence: str
    measure: str
    evidence: Estimate
    bound: float
    is_kept_out: bool = True

    @property
    def word(self) -> str:
        """The kind, as people read it."""
        return WORDS[self.kind]

    @property
    def remedy(self) -> str:
        """What to do."""
        if self.kind == "changes_later" and not self.is_kept_out:
            return _KEEP_AS_IT_IS
        if self.kind == "derived" and self.is_kept_out:
            return REMEDIES["near_copy"].format(name=self.feature)
        return REMEDIES[self.kind].format(name=self.feature)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "feature": self.feature,
            "kind": self.kind,
            "word": self.word,
            "sentence": self.sentence,
            "measure": self.measure,
            "evidence": self.evidence.as_dict(),
            "bound": self.bound,
            "remedy": self.remedy,
            "is_kept_out": self.is_kept_out,
        }
