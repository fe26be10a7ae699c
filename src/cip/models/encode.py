"""From features to the vector a model reads: one frozen encoder for training, batch and API.

Three styles.  `tree`: numbers as they are (NaN kept), categories one-hot.  `spline` (for logistic
regression): numbers with more than five values as a cubic spline of their rank plus a straight
line, the others one-hot, nothing missing in the output.  `both`: a number in either way, one after
the other, for models made of several.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.models.encode_parts import (
    Curve,
    Levels,
    Part,
    PlainNumber,
    Steps,
    Value,
    fit_levels,
    fit_plain,
    fit_smooth,
)
from cip.types import FeatureFrame, FeatureInfo, FloatArray, IntArray

Style = Literal["tree", "spline", "both"]
BLOCK_ROWS: Final = 8192

_PARTS: Final[dict[str, type[Part]]] = {
    "number": PlainNumber,
    "levels": Levels,
    "steps": Steps,
    "curve": Curve,
}
_PART_NAMES: Final = {part: name for name, part in _PARTS.items()}


@dataclass(frozen=True)
class Encoder:
    """A fitted encoding: raw features in, (n, k) float64 out; equal to itself after JSON.

    Parts of one feature lie together.
    """

    style: Style
    parts: tuple[Part, ...]

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Raw features, in the order they were given when fitted."""
        return tuple(dict.fromkeys(part.name for part in self.parts))

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of the k columns."""
        return tuple(name for part in self.parts for name in part.outputs)

    @cached_property
    def source(self) -> IntArray:
        """(k,) position in `features` of the raw feature each column came from."""
        place = {name: i for i, name in enumerate(self.features)}
        return np.repeat(
            np.array([place[part.name] for part in self.parts], dtype=np.int64),
            [len(part.outputs) for part in self.parts],
        )

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(part.outputs) for part in self.parts), initial=0))

    @cached_property
    def _runs(self) -> tuple[IntArray, IntArray]:
        """The features that have columns, and where those of each begin."""
        held, starts = np.unique(self.source, return_index=True)
        return held, starts.astype(np.int64)

    def transform(self, columns: Mapping[str, NDArray[Any]]) -> FloatArray:
        """(n, k); further columns are ignored, a missing one or a wrong type is a ModelError."""
        self._check_names(columns)
        rows = len(next(iter(columns.values()))) if columns else 0
        out = np.zeros((rows, len(self.outputs)))
        for part, (start, end) in zip(self.parts, pairwise(self._starts), strict=True):
            part.write(columns[part.name], out[:, start:end])
        return out

    def blocks(self, columns: Mapping[str, NDArray[Any]]) -> Iterator[FloatArray]:
        """What `transform` gives, `BLOCK_ROWS` rows at a time: the whole need never be there.

        One block without rows where there are none.
        """
        rows = len(next(iter(columns.values()))) if columns else 0
        for start in range(0, max(rows, 1), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            yield self.transform({name: values[part] for name, values in columns.items()})

    def transform_one(self, values: Mapping[str, Value]) -> FloatArray:
        """(k,), to the last bit the row `transform` would give; None and NaN are missing."""
        self._check_names(values)
        row = [0.0] * len(self.outputs)
        for part, start in zip(self.parts, self._starts, strict=False):
            part.write_one(values[part.name], row, start)
        return np.array(row)

    def per_feature(self, contributions: FloatArray) -> FloatArray:
        """(n, k) contributions of the columns, added up to (n, len(features))."""
        sums = np.zeros((len(contributions), len(self.features)))
        held, starts = self._runs
        if len(held):
            sums[:, held] = np.add.reduceat(contributions, starts, axis=1)
        return sums

    def to_json(self) -> str:
        """Everything `transform` needs, as text; floats keep every bit."""
        parts = [{"part": _PART_NAMES[type(part)], **asdict(part)} for part in self.parts]
        return json.dumps({"style": self.style, "parts": parts}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Encoder:
        """The encoder `to_json` wrote; ModelError if the text is something else."""
        try:
            document = json.loads(text)
            return cls(document["style"], tuple(_part(fields) for fields in document["parts"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                "M-104",
                f"The encoder cannot be read: {type(error).__name__} {error}.",
                "The file is damaged or of another version: train again, or restore it.",
            ) from error

    def _check_names(self, given: Mapping[str, Any]) -> None:
        lacking = [name for name in self.features if name not in given]
        if lacking:
            raise ModelError(
                "M-101",
                f"{len(lacking)} of {len(self.features)} features are not there: "
                f"{', '.join(lacking)}.",
                "Give every feature the model was trained on; a value not known is None or NaN.",
            )


def fit_encoder(frame: FeatureFrame, infos: Sequence[FeatureInfo], style: Style) -> Encoder:
    """The encoder of the features named by `infos`, learnt from the rows of `frame`.

    Raises ModelError where a column is missing, of the wrong type, or infinite.
    """
    absent = [info.name for info in infos if info.name not in frame.columns]
    if absent:
        raise ModelError(
            "M-101",
            f"The frame lacks {len(absent)} of {len(infos)} features: {', '.join(absent)}.",
            "Build the snapshot with the same feature catalogue.",
        )
    return Encoder(style, tuple(_fit_part(frame.columns[i.name], i, style) for i in infos))


def in_both_styles(smooth: Encoder, plain: Encoder) -> tuple[Encoder, IntArray, IntArray]:
    """One encoder of the same features in the style `both`, and the columns that each would make.

    `smooth` is of the style `spline`, `plain` of `tree`; what they do alike is done once.
    """
    parts: list[Part] = []
    places: list[tuple[int, int]] = []
    for one, other in zip(smooth.parts, plain.parts, strict=True):
        both = (one,) if one == other else (one, other)
        parts += both
        places.append((len(parts) - len(both), len(parts) - 1))
    made = Encoder("both", tuple(parts))
    starts = list(accumulate((len(part.outputs) for part in parts), initial=0))

    def columns(which: int) -> IntArray:
        kept = [np.arange(starts[p[which]], starts[p[which] + 1]) for p in places]
        return np.concatenate([np.zeros(0, dtype=np.int64), *kept])

    return made, columns(0), columns(1)


def _fit_part(values: NDArray[Any], info: FeatureInfo, style: Style) -> Part:
    if info.kind == "category":
        return fit_levels(info.name, values)
    return fit_plain(info.name, values) if style == "tree" else fit_smooth(info.name, values)


def _part(fields: Mapping[str, Any]) -> Part:
    kind = _PARTS[fields["part"]]
    given: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k != "part"
    }
    return kind(**given)
