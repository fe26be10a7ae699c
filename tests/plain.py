"""One customer table without time, as `simulate_plain` makes it: `cip.toml`, and a look at it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from cip.contract.config import Config
from cip.engine.plain import PlainTable, _info
from cip.flows.plain_look import PlainLooked, _looked
from cip.types import FeatureFrame, ObjectArray
from cip.worlds.plain import PlainWorld

HEAD = """
format = 1
[workspace]
name = "A table"
currency = "EUR"
[sources.table]
path = "table.csv"
[tables.customers]
source = "table"
columns.customer_id = "customerID"
"""
READ = ("Contract", "Tenure", "MonthlyCharges", "SupportCalls")
MONEY = '[value]\nmonthly = "MonthlyCharges"\n'
_MORE = ("Region", "Churn")


def plain_toml(candidates: Sequence[str], *, churn: str = "", more: str = "") -> str:
    """Every column under its own name; `churn`: more of that section, `more`: other sections."""
    attributes = ", ".join(f'{name} = "{name}"' for name in (*READ, *_MORE))
    return f"""{HEAD}
attributes = {{ {attributes} }}
[churn]
candidates = {json.dumps(candidates)}
label = {{ kind = "given", column = "Churn", left = ["Yes"] }}
{churn}
[run]
draws = 100
{more}
"""


def plain_looked(world: PlainWorld, config: Config, said: ObjectArray | None = None) -> PlainLooked:
    """What a run sees of this world without regions; `said`: other labels than the world's."""
    columns = {
        name: values.astype(object) if values.dtype.kind == "U" else values
        for name, values in world.columns.items()
    }
    ids = columns["customerID"]
    frame = FeatureFrame(
        ids, np.full(len(ids), np.datetime64("NaT", "us")), {name: columns[name] for name in READ}
    )
    infos = tuple(_info(name, frame.columns[name], is_money=False) for name in READ)
    labels = {"Churn": columns["Churn"] if said is None else said}
    names: ObjectArray = np.full(len(ids), None, dtype=object)
    return _looked(PlainTable(frame, infos, names, labels), {"customers": len(ids)}, config)
