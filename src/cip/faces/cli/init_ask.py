"""The questions of `cip init --from` on a terminal: one for each guess that is not sure."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from cip.flows.propose import SHAPES, Guess, Look, Proposal, propose

_MOST_CHOICES = 14
_EXAMPLES = 3


def seen(look: Look, proposal: Proposal) -> Iterator[str]:
    """What was seen, a line a source: rows, and what it is taken for."""
    for profile, shape in zip(proposal.sources, proposal.shapes, strict=True):
        about = "" if profile.is_whole else "about "
        what = SHAPES.get(shape.value, shape.value)
        yield f"  {profile.name:<24} {about}{profile.rows:,} rows  {what} ({_sure(shape)})"
        for doubt in profile.doubts:
            yield f"    ! {doubt}"
    for refused in look.refused:
        yield f"  ! passed over: {refused}"
    for link in proposal.links:
        yield f"  · {link}"
    yield f"  churn: {proposal.label.guess.value}; {_horizon(proposal)}"


def ask(look: Look, proposal: Proposal, answers: dict[str, str]) -> Proposal:
    """The proposal after a person answered what was not sure; the answers are kept in `answers`.

    Each answer may settle or open others, so the proposal is made anew after every one.
    """
    for line in seen(look, proposal):
        typer.echo(line)
    asked: set[str] = set(answers)
    while (guess := _next(proposal, asked)) is not None:
        asked.add(guess.place)
        answers[guess.place] = _answer(look, guess)
        proposal = propose(look, answers)
    typer.confirm(f"Write {look.root / 'cip.toml'}?", default=True, abort=True)
    return proposal


def _next(proposal: Proposal, asked: set[str]) -> Guess | None:
    return next((guess for guess in proposal.questions if guess.place not in asked), None)


def _answer(look: Look, guess: Guess) -> str:
    typer.echo("")
    typer.secho(f"{guess.place}: {guess.value or 'none'} ({_sure(guess)})", bold=True)
    if guess.doubt:
        typer.echo(f"  {guess.doubt}")
    choices = list(dict.fromkeys([guess.value, *guess.choices]))[:_MOST_CHOICES]
    for number, choice in enumerate(choices, 1):
        typer.echo(f"  {number}. {_shown(look, guess.place, choice)}")
    while True:
        said = typer.prompt("  number, name, or - for none", default="1").strip()
        if said == "-":
            return ""
        if said.isdecimal() and 1 <= int(said) <= len(choices):
            return choices[int(said) - 1]
        if said in guess.choices or not guess.choices:
            return str(said)
        typer.echo(f"  {said!r} is none of them.")


def _shown(look: Look, place: str, choice: str) -> str:
    """A choice with what it means: a shape in words, a column with values."""
    source, _, slot = place.rpartition(".")
    if slot == "is":
        return f"{choice:<10} {SHAPES.get(choice, '')}"
    profile = next((p for p in look.profiles if p.name == source), None)
    column = next((c for c in profile.columns if c.name == choice), None) if profile else None
    if column is None:
        return choice or "none"
    return f"{choice:<24} {', '.join(column.examples[:_EXAMPLES])}"


def _sure(guess: Guess) -> str:
    return f"{guess.confidence:.0%} sure"


def _horizon(proposal: Proposal) -> str:
    rhythm = proposal.rhythm
    if rhythm is None:
        return "no dates: judged under cross-validation"
    return f"horizon {rhythm.horizon_days} days of {rhythm.length_days:,} ({rhythm.guess.doubt})"
