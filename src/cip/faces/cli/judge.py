"""`cip judge`: a verdict on somebody's existing score, from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cip.errors import SettingsError
from cip.faces.cli.options import JsonOption, write_json
from cip.faces.cli.progress import progress_for

if TYPE_CHECKING:
    from cip.flows.judge import Judged

FileArgument = Annotated[str, typer.Argument(help="A CSV, Parquet or XLSX file.")]
ScoreOption = Annotated[str, typer.Option("--score", help="The column of the score.")]
OutcomeOption = Annotated[
    str, typer.Option("--outcome", help="The column that says who left: 1/0, yes/no, a date.")
]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="The column of the date at which the score was made.")
]
CustomerOption = Annotated[
    str, typer.Option("--customer", help="The column of the customer, where one has several rows.")
]
ValueOption = Annotated[
    str, typer.Option("--value", help="The column of what each customer is worth, in money.")
]
LeftOption = Annotated[
    list[str] | None,
    typer.Option("--left", help="The value of the outcome that means left; may be repeated."),
]
SaferOption = Annotated[
    bool, typer.Option("--higher-is-safer", help="A high score is a healthy customer.")
]
RiskierOption = Annotated[
    bool, typer.Option("--higher-is-riskier", help="A high score is a customer about to leave.")
]
ScaleOption = Annotated[
    Literal["probability", "percent", "points"] | None,
    typer.Option("--scale", help="What its numbers are; read from values and name if not said."),
]
ClvOption = Annotated[float, typer.Option("--clv", help="What one customer kept brings.")]
OfferOption = Annotated[float, typer.Option("--offer", help="What an accepted offer costs.")]
ContactOption = Annotated[float, typer.Option("--contact", help="What one contact costs.")]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write the report to this file, as one HTML page.")
]


def judge(
    file: FileArgument,
    score: ScoreOption,
    outcome: OutcomeOption,
    as_of: AsOfOption = "",
    customer: CustomerOption = "",
    value: ValueOption = "",
    left: LeftOption = None,
    higher_is_safer: SaferOption = False,
    higher_is_riskier: RiskierOption = False,
    scale: ScaleOption = None,
    clv: ClvOption = 200.0,
    offer: OfferOption = 10.0,
    contact: ContactOption = 1.0,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a score that you already have: does it rank, is it true, does it pay, does it leak."""
    from cip.flows.actors import local_owner
    from cip.flows.judge import judge as flow
    from cip.flows.judge_wanted import wanted_of

    judged = flow(
        wanted_of(
            file=file,
            score=score,
            outcome=outcome,
            as_of=as_of,
            customer=customer,
            value=value,
            left=tuple(left or ()),
            higher_is=_side(safer=higher_is_safer, riskier=higher_is_riskier),
            scale=scale,
            money=(clv, offer, contact),
        ),
        actor=local_owner(),
        progress=progress_for(as_json=as_json),
    )
    if html is not None:
        _write_report(html, judged)
    if as_json:
        write_json(judged.as_dict())
        return
    typer.echo("")
    for line in judged.lines():
        typer.echo(line)


def _side(*, safer: bool, riskier: bool) -> Literal["safer", "riskier"] | None:
    if safer and riskier:
        raise SettingsError(
            "S-150", "--higher-is-safer and --higher-is-riskier exclude each other.", "give one"
        )
    return "safer" if safer else "riskier" if riskier else None


def _write_report(path: Path, judged: Judged) -> None:
    from cip.faces.report.judge import judge_report

    try:
        path.write_text(judge_report(judged), encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            "S-151", f"the report cannot be written to {path}: {error.strerror}.", "name another"
        ) from error
