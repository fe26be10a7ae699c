"""Resolve the two lock files: `run.txt` for `make demo`, `dev.txt` for everything else."""

from __future__ import annotations

import subprocess
import sys

COMMON = (
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--no-annotate",
    "--upgrade",
    "pyproject.toml",
    "--extra=all",
)


def main() -> int:
    """Write both files; the second is held to the first's versions."""
    compile_lock("--group=build", "-o", "requirements/run.txt")
    compile_lock(
        "--extra=spark",
        "--extra=ratings",
        "--extra=shap",
        "--group=dev",
        "-c",
        "requirements/run.txt",
        "-o",
        "requirements/dev.txt",
    )
    return 0


def compile_lock(*arguments: str) -> None:
    """Run the resolver; an error ends the script with its message."""
    subprocess.run([sys.executable, "-m", "uv", *COMMON, *arguments], check=True)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
