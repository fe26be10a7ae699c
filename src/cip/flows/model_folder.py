"""The folder of a run's churn model: what its manifest says, and that both belong together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.flows.arrow import objects
from cip.models.churn.model import ChurnModel, from_artefacts
from cip.models.encode import Encoder
from cip.models.encode_parts import Levels, Value
from cip.models.explain import typical_values
from cip.stores.published import read_summary
from cip.stores.registry import read_artefacts
from cip.types import FeatureFrame, FeatureInfo

MODEL: Final = "model"
"""The folder of the model in that of its run."""
SCHEMA_HASH: Final = "schema_hash"
SERVING: Final = "serving"


def schema_hash(encoder: Encoder) -> str:
    """SHA-256 of what the model reads: features in order, their kinds, the columns made of them.

    The running code makes the columns, so a version of it that would make others has another hash.
    """
    parts = [
        (part.name, "category" if isinstance(part, Levels) else "number", part.outputs)
        for part in encoder.parts
    ]
    return sha256(json.dumps([encoder.style, parts]).encode()).hexdigest()


def serving_manifest(
    champion: ChurnModel, frame: FeatureFrame, infos: Sequence[FeatureInfo], bands: Sequence[float]
) -> dict[str, Any]:
    """What a scorer needs beside the model's files, JSON-ready; `frame` says what is typical."""
    read = [info for info in infos if info.name in champion.features]
    return {
        "features": [asdict(info) for info in read],
        "bands": list(bands),
        "typical": {name: _bare(v) for name, v in typical_values(frame, read).items()},
    }


def read_model(folder: Path) -> tuple[ChurnModel, dict[str, Any]]:
    """The model and its manifest, after names, checksums and schema were verified.

    Raises: ModelError A-001 to A-004 for files that are not those of the manifest, M-104 to M-121
    for files that are no model, F-301 where they are a model of another schema.
    """
    files, manifest = read_artefacts(folder)
    model = from_artefacts(str(manifest.get("name")), files)
    said, found = manifest.get(SCHEMA_HASH), schema_hash(model.encoder)
    if said is not None and said != found:
        raise ModelError(
            "F-301",
            f"{folder} holds a model of another schema: its manifest says {str(said)[:12]}, and "
            f"this CIP reads {found[:12]} from its encoder ({len(model.features)} features).",
            "use the version of CIP that wrote it, or `cip run` for a new model",
        )
    return model, manifest


def serving_of(folder: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `serving_manifest` said when `folder` was written; of earlier runs, from their tables.

    Raises: ModelError F-302 for the exported model of an earlier run, which has no tables beside.
    """
    said: Mapping[str, Any] | None = manifest.get(SERVING)
    if said is not None:
        return said
    if not (folder / "features.parquet").is_file():
        raise ModelError(
            "F-302",
            f"{folder} was exported by an earlier CIP and does not say what is typical.",
            "export it again, or name the folder of its published run",
        )
    churn = read_summary(folder)["churn"]
    infos = [FeatureInfo(**given) for given in churn["features"]]
    infos = [info for info in infos if info.name in manifest["features"]]
    columns = columns_of(pq.read_table(folder / "features.parquet"), infos)
    frame = FeatureFrame(np.empty(0, object), np.empty(0, "datetime64[us]"), columns)
    return {
        "features": [asdict(info) for info in infos],
        "bands": churn["bands"],
        "typical": typical_values(frame, infos),
    }


def columns_of(table: pa.Table, infos: Sequence[FeatureInfo]) -> dict[str, NDArray[Any]]:
    """The features that the table has, as models read them; a null number is NaN.

    Raises: ModelError M-102 for numbers where text belongs, and the reverse.
    """
    there = [info for info in infos if info.name in table.column_names]
    return {info.name: _array(table[info.name], info) for info in there}


def _array(column: pa.ChunkedArray, info: FeatureInfo) -> NDArray[Any]:
    if info.kind == "category" or not _is_number(column.type):
        return objects(column)  # text for a number is refused by the encoder, in words
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _is_number(kind: pa.DataType) -> bool:
    tests = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean, pa.types.is_decimal)
    return pa.types.is_null(kind) or any(test(kind) for test in tests)


def _bare(value: Value) -> Value:
    return None if isinstance(value, float) and isnan(value) else value
