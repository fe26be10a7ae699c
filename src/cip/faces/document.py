"""The document that every page begins with: Streamlit's own, told where its server is.

Untold, it asks first beside the page (`/lookup/_stcore/health`), and each link that leads to a page
begins with two requests that fail.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.file_util import get_static_dir

_PAGE: Final = re.compile(r"/[a-z-]*")
_HEAD: Final = "<head>"
_TOLD: Final = '<script>window.__streamlit = { BACKEND_BASE_URL: location.origin + "/" };</script>'


class Documents:
    """An ASGI application that answers the addresses of pages itself, and hands on all else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        text = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")
        told = text.replace(_HEAD, _HEAD + _TOLD, 1)
        self._document = HTMLResponse(told, headers={"Cache-Control": "no-cache"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or websocket."""
        answers = self._document if is_page(scope) else self._app
        await answers(scope, receive, send)


def is_page(scope: Scope) -> bool:
    """Whether a browser asks for a page: one word or none behind the first slash."""
    is_asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
    return is_asked and _PAGE.fullmatch(scope["path"]) is not None
