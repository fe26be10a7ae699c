"""The document of a page tells Streamlit where its server is; all else goes to Streamlit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cip.faces.document import Documents, is_page


def asked(path: str, method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "headers": []}


@pytest.mark.parametrize("path", ["/", "/lookup", "/performance"])
def test_a_page_s_address_is_answered_with_a_document_that_names_the_server(path: str) -> None:
    sent: list[Any] = []

    async def streamlit(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError(scope)

    async def nothing() -> Any:
        return {"type": "http.request"}

    async def keep(message: Any) -> None:
        sent.append(message)

    asyncio.run(Documents(streamlit)(asked(path), nothing, keep))
    text = sent[1]["body"].decode()
    assert 'BACKEND_BASE_URL: location.origin + "/"' in text
    assert text.index("BACKEND_BASE_URL") < text.index("static/js")


@pytest.mark.parametrize(
    "path", ["/_stcore/health", "/favicon.png", "/static/js/index.js", "/media/a.png", "/a/b"]
)
def test_what_is_no_page_goes_to_streamlit(path: str) -> None:
    assert not is_page(asked(path))


def test_only_reading_a_page_is_answered_with_the_document() -> None:
    assert is_page(asked("/", "HEAD"))
    assert not is_page(asked("/", "POST"))
    assert not is_page({"type": "websocket", "path": "/"})
