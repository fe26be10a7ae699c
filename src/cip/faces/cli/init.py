"""`cip init`: a new workspace, from a preset or from a look at the data themselves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cip.errors import SettingsError
from cip.faces.cli.options import JsonOption, write_json

if TYPE_CHECKING:
    from cip.flows.propose import Look, Proposal

_WORDS = "The new workspace (this folder, if it is not said); before it, more data for --from."
_FROM = "Look at the data and propose: CSV, Parquet or XLSX files, a folder, a database URL."
_DATA = "With --preset: the file to read, or the folder of the preset's files."
_PRESET = "Start from a preset instead: generic, online-retail, movielens-100k, telco ..."
_YES = "Ask nothing: write the proposal, with what is not sure marked in it."
_SET = "Answer a question, e.g. orders.amount=net or label=inactivity; may come several times."


def init(
    words: Annotated[list[str] | None, typer.Argument(metavar="[FOLDER]", help=_WORDS)] = None,
    from_: Annotated[list[str] | None, typer.Option("--from", help=_FROM)] = None,
    preset: Annotated[str | None, typer.Option(help=_PRESET)] = None,
    data: Annotated[Path | None, typer.Option(help=_DATA)] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_YES)] = False,
    answers: Annotated[list[str] | None, typer.Option("--set", help=_SET)] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: a folder with a commented cip.toml, proposed from your data."""
    if from_:
        if preset or data:
            raise SettingsError(
                "S-140", "--from looks at the data itself; --preset and --data do not go with it."
            )
        sources, folder = _sources_and_folder(from_, words or [])
        _propose(sources, folder, _answers(answers or []), yes=yes, as_json=as_json)
        return
    if data is None or len(words or []) != 1:
        raise SettingsError(
            "S-141",
            "a workspace needs data and a folder.",
            "cip init --from orders.csv my-shop; or cip init my-shop --preset generic --data FILE",
        )
    _from_preset(Path((words or [])[0]), preset or "generic", data, as_json=as_json)


def _from_preset(folder: Path, preset: str, data: Path, *, as_json: bool) -> None:
    from cip.flows import init as flow
    from cip.flows.actors import local_owner

    workspace = flow.init(folder, preset, data, actor=local_owner())
    if as_json:
        write_json({"workspace": str(workspace.root), "config": str(workspace.config_path)})
        return
    typer.echo(f"Made {workspace.config_path}.")
    typer.echo(f"Next: read it, then `cip check -w {folder}` and `cip run -w {folder}`.")


def _propose(
    sources: list[str], folder: Path, answers: dict[str, str], *, yes: bool, as_json: bool
) -> None:
    from cip.flows import propose as flow
    from cip.flows.actors import local_owner

    actor = local_owner()
    flow.refuse_existing(folder)
    look = flow.look_at(sources, folder, actor=actor)
    proposal = flow.propose(look, answers)
    look = flow.with_histories(look, proposal)
    proposal = flow.propose(look, answers)
    if not (yes or as_json) and sys.stdin.isatty():
        from cip.faces.cli.init_ask import ask

        proposal = ask(look, proposal, answers)
    workspace = flow.write(look, proposal, actor=actor)
    if as_json:
        written = {"workspace": str(workspace.root), "config": str(workspace.config_path)}
        write_json({**written, "proposal": flow.as_dict(look, proposal)})
        return
    _tell(look, proposal, folder)


def _tell(look: Look, proposal: Proposal, folder: Path) -> None:
    from cip.faces.cli.init_ask import seen

    for line in seen(look, proposal):
        typer.echo(line)
    questions = proposal.questions
    for guess in questions:
        value = guess.value or "none"
        typer.echo(f"? {guess.place} = {value}: {guess.doubt or 'a weak guess'}")
    typer.echo(f"Made {look.root / 'cip.toml'}.")
    if questions:
        typer.echo(f"{len(questions)} guesses are not sure; they are marked in it.")
    for variable in look.variables:
        typer.echo(
            f"Set {variable.name} to the URL of the database ({variable.holds}) before every "
            "command: the password stands nowhere in cip.toml."
        )
    place = "" if folder == Path() else f" -w {folder}"
    typer.echo(f"Next: read it, then `cip check{place}` and `cip run{place}`.")


def _sources_and_folder(named: list[str], words: list[str]) -> tuple[list[str], Path]:
    """`--from a.csv b.csv shop` or `shop --from a.csv b.csv`: a word that is no data is the folder.

    A folder that is there is data, but for the last word.
    """
    if not words:
        return named, Path()
    *more, last = words
    if not _is_data(last):
        return [*named, *more], Path(last)
    first, *others = words
    if not _is_data(first) and not Path(first).exists():
        return [*named, *others], Path(first)
    return [*named, *words], Path()


def _is_data(word: str) -> bool:
    return "://" in word or word.startswith("env:") or Path(word).is_file()


def _answers(pairs: list[str]) -> dict[str, str]:
    found = dict(pair.partition("=")[::2] for pair in pairs)
    if any("=" not in pair for pair in pairs):
        raise SettingsError(
            "S-142", "--set takes PLACE=VALUE.", "the places stand behind `?` and in --json"
        )
    return found
