"""How the command line shows a long job: one line a step, for people or as JSON."""

from __future__ import annotations

import json
import sys
from typing import TextIO

from cip.ports import Progress


class Lines:
    """A line a step: name, rows, seconds, what came out."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()

    def step(self, name: str, what: str) -> None:
        """On a terminal, say what is being done; the line is replaced when it is done."""
        if self._live:
            self._write(f"\r\x1b[2K  {name:<10} {what} …")

    def done(self, name: str, rows: int | None, seconds: float, said: str = "") -> None:
        """The finished line, e.g. `  ingest      1,044,847 rows   3.2 s  779,425 lines kept`."""
        counted = "" if rows is None else f"{rows:,} rows"
        start = "\r\x1b[2K" if self._live else ""
        self._write(f"{start}  {name:<10} {counted:>16} {seconds:>6.1f} s  {said}\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class JsonLines:
    """A JSON object a line on standard error, for programs that watch."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._at: str | None = None

    def step(self, name: str, what: str) -> None:
        """`{"event": "begin", "step": ..., "what": ...}`; "progress" when the step goes on."""
        event = "progress" if name == self._at else "begin"
        self._at = name
        self._emit({"event": event, "step": name, "what": what})

    def done(self, name: str, rows: int | None, seconds: float, said: str = "") -> None:
        """`{"event": "end", "step": ..., "rows": ..., "seconds": ..., "said": ...}`."""
        self._at = None
        self._emit(
            {"event": "end", "step": name, "rows": rows, "seconds": round(seconds, 3), "said": said}
        )

    def _emit(self, entry: dict[str, object]) -> None:
        self._out.write(json.dumps(entry) + "\n")
        self._out.flush()


def progress_for(*, as_json: bool) -> Progress:
    """Progress on standard error, so that standard output holds only the result."""
    return JsonLines(sys.stderr) if as_json else Lines(sys.stderr)
