"""From candidates and answers to the origin of one canonical column."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from cip.contract.guess.shapes import Answers, ColumnGuess, ColumnProfile, Guess
from cip.contract.guess.slots import Candidate, Slots, columns_like

_NUMBERS: Final = ("amount", "price", "quantity", "value", "cost")
_TIMES: Final = ("occurred_at", "started_at", "ended_at", "known_at")


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses columns of one table: what a person said, else the likeliest candidate."""

    slots: Slots
    answers: Answers

    def place(self, slot: str) -> str:
        """The name under which a person answers."""
        return f"{self.slots.table.name}.{slot}"

    def is_answered(self, slot: str) -> bool:
        """Whether a person named a column for the slot, or none."""
        said = self.answers.get(self.place(slot))
        return said is not None and (said == "" or said in columns_like(self.slots.table, slot))

    def guess(self, slot: str, *, least: float = 0.0, taken: Collection[str] = ()) -> Guess:
        """The column for the slot; an empty value when there is none."""
        table, place = self.slots.table, self.place(slot)
        choices = tuple(columns_like(table, slot))
        if self.is_answered(slot):
            return Guess(place, self.answers[place], 1.0, "", choices)
        found = self._best(slot, least, taken)
        if found is None:
            return Guess(place, "", 1.0, "", choices)
        return Guess(place, found.column, found.confidence, found.doubt, choices)

    def column(
        self, name: str, *, slot: str = "", least: float = 0.0, taken: Collection[str] = ()
    ) -> ColumnGuess | None:
        """The canonical column `name` from its slot, or None."""
        guess = self.guess(slot or name, least=least, taken=taken)
        if not guess.value:
            return None
        profile = self.slots.table.column(guess.value)
        return ColumnGuess(name, origin_of(profile, slot or name), guess)

    def _best(self, slot: str, least: float, taken: Collection[str]) -> Candidate | None:
        answered = {
            said for place, said in self.answers.items() if place.startswith(self.place(""))
        }
        for candidate in self.slots.by_slot.get(slot, ()):
            free = candidate.column not in taken and candidate.column not in answered
            if free and candidate.confidence >= least:
                return candidate
        return None


def origin_of(column: ColumnProfile, slot: str) -> Any:
    """The column as `cip.toml` writes it: its name, or a table with the format of its values."""
    if slot in _TIMES and column.looks == "time" and column.time_format != "iso":
        return {"column": column.name, "time_format": column.time_format}
    if slot in _NUMBERS and column.decimal != ".":
        return {"column": column.name, "decimal": column.decimal}
    return column.name
