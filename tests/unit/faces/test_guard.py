"""Until there is a sign-in, only this machine's own pages pass."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from cip.errors import SettingsError
from cip.faces.guard import Guard, is_loopback, refusal

EVERYWHERE = "0.0.0.0"  # noqa: S104 - named to be refused
HERE = ("127.0.0.1", 5000)


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_loopback_host_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [EVERYWHERE, "::", "192.168.1.4", "localhost.evil.example", "127.0.0.1.nip.io", "", None],
)
def test_any_other_host_is_not(host: str | None) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_a_request_of_this_machine_passes(host: str) -> None:
    assert refusal(HERE, headers(host=host)) is None
    assert refusal(HERE, headers(host=host, origin=f"http://{host}")) is None


@pytest.mark.parametrize(
    ("client", "sent"),
    [
        (("10.0.0.7", 5000), {"host": "127.0.0.1:8000"}),
        (HERE, {"host": "evil.example:8000"}),
        (HERE, {"host": "127.0.0.1.evil.example"}),
        (HERE, {"host": "[::1"}),
        (HERE, {"host": ""}),
        (HERE, {}),
        (HERE, {"host": "127.0.0.1:8000", "origin": "http://evil.example"}),
        (HERE, {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:3000"}),
        (HERE, {"host": "127.0.0.1:8000", "origin": "null"}),
    ],
)
def test_another_machine_host_or_site_is_refused(client: Any, sent: dict[str, str]) -> None:
    assert refusal(client, headers(**sent)) is not None


def test_two_host_headers_are_refused() -> None:
    assert refusal(HERE, headers(host="localhost") * 2) is not None


def ask(kind: str, sent: list[tuple[bytes, bytes]]) -> tuple[list[Any], list[dict[str, Any]]]:
    """What the application behind the guard saw, and what the guard answered."""
    seen: list[Any] = []
    said: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": kind, "client": HERE, "headers": sent, "path": "/"}
    asyncio.run(Guard(app)(scope, receive, send))
    return seen, said


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_caller_s_copies_of_our_headers_are_dropped(kind: str) -> None:
    sent = headers(host="localhost", X_Cip_User="eve", x_cip_role="owner", accept="*/*")
    sent.append((b"X_Cip_Role", b"owner"))
    seen, _ = ask(kind, sent)
    assert [name for name, _ in seen[0]["headers"]] == [b"host", b"accept"]


def test_a_refused_request_gets_a_403_that_says_why() -> None:
    seen, said = ask("http", headers(host="evil.example"))
    assert seen == []
    assert said[0]["status"] == 403
    assert json.loads(said[1]["body"])["error"]["code"] == "H-102"


def test_a_refused_websocket_is_closed_before_it_opens() -> None:
    seen, said = ask("websocket", headers(host="localhost", origin="http://evil.example"))
    assert seen == []
    assert [message["type"] for message in said] == ["websocket.close"]


def test_an_address_that_others_reach_is_refused_and_a_busy_port_gives_way() -> None:
    pytest.importorskip("streamlit")
    from cip.faces.serve import listen

    with pytest.raises(SettingsError, match="until there is a sign-in, CIP serves only this"):
        listen(EVERYWHERE, 8000)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with listen("127.0.0.1", port) as taken:
            assert taken.getsockname()[1] > port
