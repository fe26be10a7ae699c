"""What every report page has: one document with its own style, headings, pills and tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Final

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, parts: Sequence[str], styles: Sequence[str]) -> str:
    """The whole document: no script, no foreign host."""
    folder = resources.files(__package__)
    style = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in styles)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def heading(text: str, under: str = "") -> str:
    """A heading with a line below it."""
    return f"<h2>{escape(text)}</h2>" + (f'<p class="sub">{escape(under)}</p>' if under else "")


def pill(text: str, kind: str) -> str:
    """A word in a colour; the word says it without the colour."""
    return f'<span class="pill {kind}">{escape(text)}</span>'


def bullets(sentences: Sequence[str]) -> str:
    """A plain list."""
    return f'<ul class="plain">{"".join(f"<li>{escape(each)}</li>" for each in sentences)}</ul>'
