"""`cip`: the commands, and the one place where an error becomes an exit code and one line."""

from __future__ import annotations

import gc
import json
import sys
from typing import Final

import typer

from cip.errors import CipError, NotReadyError, SettingsError
from cip.faces.cli import (
    customers,
    data,
    features,
    init,
    judge,
    models,
    results,
    serving,
    watching,
    workspaces,
)

app = typer.Typer(
    name="cip",
    help="Customer Intelligence Platform: who leaves, what they are worth, why, what to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(serving.demo)
app.command("init")(init.init)
app.add_typer(workspaces.config_app, name="config")
app.add_typer(features.features_app, name="features")
app.command("check")(data.check)
app.command("judge")(judge.judge)
app.command("ingest")(data.ingest)
app.command("sync")(watching.sync)
app.add_typer(customers.customers_app, name="customers")
app.command("run")(data.run)
app.command("runs")(results.runs)
app.command("lookup")(results.lookup)
app.command("leaks")(results.leaks)
app.command("score")(models.score)
app.add_typer(models.models_app, name="models")
app.command("ledger")(models.ledger)
app.command("export")(results.export)
app.command("serve")(serving.serve)

EXIT_INTERRUPTED: Final = 130
_OFTEN: Final = (50_000, 20, 100)


def main() -> None:
    """Run `cip`; a CipError ends it with one line (or one JSON object) and a code from 1 to 3."""
    # expressions are trees of many small objects: looking for cycles at every 700th costs a run 5 %
    gc.set_threshold(*_OFTEN)
    try:
        app()
    except CipError as error:
        sys.exit(_tell(error))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What was published before is as it was.\n")
        sys.exit(EXIT_INTERRUPTED)


def _tell(error: CipError) -> int:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"ok": False, "error": error.as_dict()}) + "\n")
    else:
        sys.stderr.write(f"{error}\n")
    return _exit_code(error)


def _exit_code(error: CipError) -> int:
    """3: nothing there yet; 2: a setting or argument is wrong; 1: anything else."""
    if isinstance(error, NotReadyError):
        return 3
    return 2 if isinstance(error, SettingsError) else 1
