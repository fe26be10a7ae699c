"""The whole proposal: which tables, which columns, which label, how long a horizon."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, cast

from cip.contract.guess import names as n
from cip.contract.guess.attributes import attribute_name
from cip.contract.guess.build import Context, build
from cip.contract.guess.choose import Chooser
from cip.contract.guess.kinds import shape_of
from cip.contract.guess.label import Answer, label_of
from cip.contract.guess.links import Link, overlap, points_into
from cip.contract.guess.names import says
from cip.contract.guess.policies import columns_in
from cip.contract.guess.rhythm import rhythm
from cip.contract.guess.shapes import (
    Answers,
    ColumnGuess,
    Guess,
    LabelGuess,
    Proposal,
    Shape,
    TableGuess,
    TableProfile,
)
from cip.contract.guess.slots import Candidate, Slots, is_id, slots_of
from cip.errors import ContractError

_OWN_TABLE: Final = ("customers", "members")
_IN_TIME: Final = ("lines", "payments", "events", "spells", "members")
_LABELS: Final = ("cancellation", "purchase", "inactivity", "given")
_FEW_LINKED: Final = 0.5
Sources = Mapping[str, TableProfile]
_LEAST_IDS: Final = 5
_LEAST_KEY: Final = 0.3
_LEAST_ROWS: Final = 20


def propose(
    tables: Sequence[TableProfile],
    *,
    today: date,
    answers: Answers | None = None,
    name: str = "My business",
    features: Collection[str] = (),
) -> Proposal:
    """What `cip.toml` could say of these tables; `answers` (place to value) outweigh every guess.

    `features` are the names of what is computed from events: no attribute beside them has one.

    Raises: ContractError G-101 when nothing in them says who left: no payments, no events, no
    subscriptions and no column with the answer.
    """
    said, sources = answers or {}, {table.name: table for table in tables}
    seen = _by_values([_with_own_key(slots_of(table)) for table in tables], said)
    shapes = {slots.table.name: shape_of(slots, _said(said, slots)) for slots in seen}
    owner = _best_of(seen, shapes, _OWN_TABLE)
    label = label_of(owner.table, said.get("label_column")) if owner else None
    has_items = _best_of(seen, shapes, ("items",))
    found: list[TableGuess] = []
    in_time = any(guess.value in _IN_TIME for guess in shapes.values())
    for slots in seen:
        shape = cast("Shape", shapes[slots.table.name].value)
        if shape in _OWN_TABLE and slots is not owner:
            shape = "spells" if shape == "members" else "nothing"
        if shape == "items" and slots is not has_items:
            shape = "nothing"
        answer = label if slots is owner else None
        context = Context(
            owner is not None, has_items is not None, in_time, answer, features if in_time else ()
        )
        found += build(shape, Chooser(slots, said), context)
    made = _one_of_each(found)
    made, links = _linked(made, sources)
    return Proposal(
        name=name,
        currency=_currency(tables, said) if _has_money(made) else _NO_MONEY,
        sources=tuple(tables),
        shapes=tuple(shapes.values()),
        tables=tuple(made),
        label=_label(made, label, said, sources, shapes),
        rhythm=rhythm(made, sources, said, today=today),
        links=tuple(dict.fromkeys(links)),
        time_zone=said.get("time_zone", "UTC"),
    )


def _said(answers: Answers, slots: Slots) -> str | None:
    return answers.get(f"{slots.table.name}.is")


def _by_values(seen: list[Slots], answers: Answers) -> list[Slots]:
    """Customers and items that no name gives away, found by the values of another table's key."""
    for slot, own in (("customer_id", ("customers", "members")), ("item_id", ("items",))):
        keys = [
            (slots.table, best.column)
            for slots in seen
            if shape_of(slots, _said(answers, slots)).value in own and (best := slots.best(slot))
        ]
        seen = [_with_key(slots, slot, keys) for slots in seen]
    return seen


def _with_own_key(slots: Slots) -> Slots:
    """A table that says who left, and whose customers no name gives away: what differs each row."""
    best, table = slots.best("customer_id"), slots.table
    if label_of(table) is None or (best is not None and best.confidence >= _LEAST_KEY):
        return slots
    doubt = "no name says so; it is different in every row"
    unique = [
        Candidate(column.name, 0.6, doubt)
        for column in table.columns
        if is_id(column) and table.uniqueness(column) >= 0.999 and column.distinct >= _LEAST_ROWS
    ]
    return replace(slots, by_slot={**slots.by_slot, "customer_id": tuple(unique)})


def _with_key(slots: Slots, slot: str, keys: list[tuple[TableProfile, str]]) -> Slots:
    best = slots.best(slot)
    if best is not None and best.confidence >= 0.5:
        return slots
    found: list[Candidate] = []
    for column in slots.table.columns:
        link = points_into(slots.table, column.name, keys) if is_id(column) else None
        if link is not None and column.distinct >= _LEAST_IDS:
            doubt = f"no name says so; its values are those of {link.there}"
            found.append(Candidate(column.name, round(0.4 + 0.4 * link.share, 2), doubt))
    ranked = (*sorted(found, key=lambda c: -c.confidence), *slots.by_slot[slot])
    return replace(slots, by_slot={**slots.by_slot, slot: ranked})


def _best_of(
    seen: Sequence[Slots], shapes: Mapping[str, Guess], wanted: Sequence[str]
) -> Slots | None:
    """The table of this shape that is surest; of equals the one with the most columns."""
    fitting = [slots for slots in seen if shapes[slots.table.name].value in wanted]
    return max(
        fitting,
        key=lambda slots: (shapes[slots.table.name].confidence, len(slots.table.columns)),
        default=None,
    )


def _one_of_each(tables: list[TableGuess]) -> list[TableGuess]:
    """Attributes come from one part: of several customers or items tables the first stays."""
    taken: set[str] = set()
    kept = []
    for table in tables:
        if table.name in {"customers", "items"}:
            if table.name in taken:
                continue
            taken.add(table.name)
        kept.append(table)
    order = ("customers", "items", "subscriptions", "transactions", "interactions", "treatments")
    if not any(table.name != "items" and table.origin("item_id") for table in kept):
        kept = [table for table in kept if table.name != "items"]
    return sorted(kept, key=lambda table: order.index(table.name))


def _linked(tables: list[TableGuess], sources: Sources) -> tuple[list[TableGuess], list[str]]:
    """Keys of events held against the customers and items: few in common is a doubt."""
    said: list[str] = []
    for slot, owner in (("customer_id", "customers"), ("item_id", "items")):
        listed = next((table for table in tables if table.name == owner), None)
        if listed is None:
            continue
        target = (sources[listed.source], columns_in(listed.origin(slot))[0])
        tables = [_held(table, slot, target, sources, said) for table in tables]
    return tables, said


def _held(
    table: TableGuess,
    slot: str,
    target: tuple[TableProfile, str],
    sources: Sources,
    said: list[str],
) -> TableGuess:
    origin = table.origin(slot)
    if origin is None or table.source == target[0].name:
        return table
    link = overlap((sources[table.source], columns_in(origin)[0]), target)
    said.append(f"{link.share:.0%} of the values of {link.here} stand in {link.there}")
    doubt = link.doubt or (
        f"only {link.share:.0%} of its values stand in {link.there}"
        if link.share < _FEW_LINKED
        else ""
    )
    if not doubt:
        return table
    columns = tuple(_doubted(c, link, doubt) if c.name == slot else c for c in table.columns)
    return replace(table, columns=columns)


def _doubted(column: ColumnGuess, link: Link, doubt: str) -> ColumnGuess:
    if column.guess.confidence >= 1.0:
        return column
    weaker = 0.6 if link.doubt else round(0.6 * column.guess.confidence, 2)
    return replace(column, guess=replace(column.guess, confidence=weaker, doubt=doubt))


_NO_MONEY: Final = Guess("currency", "EUR", 0.8, "there is no money in the data")


def _has_money(tables: Sequence[TableGuess]) -> bool:
    return any(table.name == "transactions" or table.origin("price") for table in tables)


def _currency(tables: Sequence[TableProfile], answers: Answers) -> Guess:
    choices = ("EUR", "USD", "GBP", "CHF", "JPY")
    said = answers.get("currency", "")
    if len(said) == 3 and said.isascii() and said.isalpha():
        return Guess("currency", said.upper(), 1.0, "", choices)
    for table in tables:
        best = slots_of(table).profile("currency")
        if best is not None and best.examples[0].isupper():
            return Guess("currency", best.examples[0], 0.9, "", choices)
    columns = [column for table in tables for column in table.columns]
    marked = next((column.currency for column in columns if column.currency), None)
    if marked:
        return Guess("currency", marked, 0.8, "", choices)
    words = {"usd": "USD", "dollar": "USD", "eur": "EUR", "euro": "EUR", "gbp": "GBP"}
    for column in columns:
        for word, code in words.items():
            if says(column.name, n.bag(word)):
                return Guess("currency", code, 0.75, f"the name {column.name!r} says so", choices)
    return Guess("currency", "EUR", 0.4, "nothing says in which currency the money is", choices)


def _label(
    tables: Sequence[TableGuess],
    given: Answer | None,
    answers: Answers,
    sources: Sources,
    shapes: Mapping[str, Guess],
) -> LabelGuess:
    can = [name for name in _LABELS if _can(name, tables, given, sources)]
    if not can:
        doubts = {name: guess.doubt for name, guess in shapes.items()}
        raise _nothing_says_who_left(list(sources.values()), doubts)
    said = answers.get("label")
    kind = said if said in can else can[0]
    confidence, doubt = (1.0, "") if said == kind else _sure_of(kind, given, can)
    settings = _settings(kind, tables, given, sources)
    also = [_settings("given", tables, given, sources)] if given and kind != "given" else []
    return LabelGuess(settings, Guess("label", kind, confidence, doubt, tuple(can)), tuple(also))


def _can(
    kind: str,
    tables: Sequence[TableGuess],
    given: Answer | None,
    sources: Sources,
) -> bool:
    names = {table.name for table in tables}
    if kind == "given":
        return given is not None and "customers" in names
    if kind == "cancellation":
        spells = [table for table in tables if table.name == "subscriptions"]
        ends = [
            sources[t.source].column(columns_in(t.origin("ended_at"))[0])
            for t in spells
            if t.origin("ended_at")
        ]
        return any(end.filled for end in ends)
    if kind == "purchase":
        return "transactions" in names
    other = [table for table in tables if table.name == "interactions"]
    return any(table.origin("kind") != {"constant": "purchase"} for table in other)


def _sure_of(kind: str, given: Answer | None, can: Sequence[str]) -> tuple[float, str]:
    if kind == "given" and given is not None:
        return given.confidence, given.doubt
    if len(can) > 1:
        return 0.8, f"it could also be {' or '.join(can[1:])}"
    return 0.9, ""


def _settings(
    kind: str, tables: Sequence[TableGuess], given: Answer | None, sources: Sources
) -> dict[str, Any]:
    if kind == "given" and given is not None:
        column = attribute_name(given.column)
        return {"kind": "given", "column": column, "left": list(given.left)}
    if kind == "inactivity":
        return {"kind": kind, "active_kinds": list(_active(tables, sources))}
    if kind == "cancellation":
        return {"kind": kind, "grace_days": 14}
    return {"kind": kind}


_QUIET: Final = (
    "impression search contact failed failure cancel cancellation unsubscribe refund bounce error "
    "logout downgrade"
)


def _active(tables: Sequence[TableGuess], sources: Sources) -> tuple[str, ...]:
    """Kinds that show a customer who is there: not what was only shown to them, or went wrong."""
    events = [table for table in tables if table.name == "interactions"]
    kinds = [kind for table in events for kind in _kinds_of(table, sources)]
    quiet = n.bag(_QUIET)
    active = [kind for kind in kinds if not says(kind, quiet)]
    best = [kind for kind in active if kind in {"play", "purchase", "visit"}]
    return tuple(dict.fromkeys(best or active or kinds))


def _kinds_of(table: TableGuess, sources: Sources) -> tuple[str, ...]:
    origin = table.origin("kind")
    if isinstance(origin, dict) and "constant" in origin:
        return (origin["constant"],)
    if isinstance(origin, dict) and "values" in origin:
        return tuple(origin["values"].values())
    guess = next(column.guess for column in table.columns if column.name == "kind")
    return sources[table.source].column(guess.value).examples


def _nothing_says_who_left(
    tables: Sequence[TableProfile], doubts: Mapping[str, str]
) -> ContractError:
    seen = "; ".join(
        f"{table.name} has {', '.join(column.name for column in table.columns[:8])}"
        f"{': ' * bool(doubts[table.name])}{doubts[table.name]}"
        for table in tables
    )
    return ContractError(
        "G-101",
        f"nothing here says who left: no payments, no visits, no subscriptions and no column with "
        f"the answer ({seen}).",
        "add the file with dated payments or events, or a column such as churned; `cip init "
        "--preset generic` makes a cip.toml to fill in by hand",
    )
