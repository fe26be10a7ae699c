"""Run the long statistical proofs and write docs/proofs.md: what was shown, at which counts, when.

A proof is a test with the marker `proof` that calls `record_property("proof", sentence)`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

PAGE = Path("docs/proofs.md")


def main() -> int:
    """Exit code 0 when every proof holds; the page is written either way."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "proofs.xml"
        command = [sys.executable, "-m", "pytest", "-m", "proof", f"--junitxml={report}"]
        command += ["-o", "timeout=7200", "-o", "junit_family=xunit1", *sys.argv[1:]]
        ended = subprocess.run(command, check=False).returncode  # noqa: S603
        PAGE.write_text(page(ET.parse(report).getroot()), encoding="utf-8")  # noqa: S314
    sys.stdout.write(f"wrote {PAGE}\n")
    return ended


def page(report: ET.Element) -> str:
    """The page: one row a proof."""
    rows = [row(case) for case in report.iter("testcase")]
    return "\n".join(
        [
            "# Proofs",
            "",
            f"Written by `make prove` on {datetime.now(UTC):%Y-%m-%d}, commit {commit()}.",
            "Each row is a test with the mark `proof`, run at full counts.",
            "",
            "| proof | shown | seconds | holds |",
            "| --- | --- | ---: | --- |",
            *rows,
            "",
        ]
    )


def row(case: ET.Element) -> str:
    """One proof: its name in words, its sentences, its time and whether it holds."""
    name = (case.get("name") or "").removeprefix("test_").replace("_", " ")
    said = [p.get("value") or "" for p in case.iter("property") if p.get("name") == "proof"]
    holds = "no" if case.find("failure") is not None or case.find("error") is not None else "yes"
    return f"| {name} | {'; '.join(said)} | {float(case.get('time') or 0):.0f} | {holds} |"


def commit() -> str:
    """The commit that was run, marked when the tree had changes."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
