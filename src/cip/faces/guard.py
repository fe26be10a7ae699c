"""The one gate in front of every page and every websocket: until there is a sign-in, this machine.

A page of another site can make a browser send requests to 127.0.0.1, even under a host name of
its own (DNS rebinding).  So the caller's address, the host asked for and the page that asks
(`Origin`) must all be of this machine.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from cip.errors import NotAllowedError

OWN_HEADERS: Final = b"x-cip-"
"""Headers by which the product itself will say who calls; a caller's copies are dropped."""

_Headers = list[tuple[bytes, bytes]]
_POLICY_VIOLATION: Final = 1008


class Guard:
    """An ASGI application that hands to `app` only what comes from this machine's own pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or one websocket, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: _Headers = [header for header in scope["headers"] if not _is_own(header[0])]
        reason = refusal(scope.get("client"), headers)
        if reason is None:
            await self._app({**scope, "headers": headers}, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})
        else:
            await _refuse(reason, send)


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def refusal(client: tuple[str, int] | None, headers: _Headers) -> str | None:
    """Why the request may not pass, or None; `client` is None on a socket without an address."""
    if client is not None and not is_loopback(client[0]):
        return "it comes from another machine"
    hosts = _values(headers, b"host")
    if len(hosts) != 1 or not is_loopback(_name(hosts[0])):
        return "it asks for a host that is not this machine"
    origins = _values(headers, b"origin")
    if any(origin not in (f"http://{hosts[0]}", f"https://{hosts[0]}") for origin in origins):
        return "it was sent by a page of another site"
    return None


def _is_own(name: bytes) -> bool:
    return name.lower().replace(b"_", b"-").startswith(OWN_HEADERS)


def _values(headers: _Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for key, value in headers if key.lower() == name]


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


async def _refuse(reason: str, send: Send) -> None:
    error = NotAllowedError(
        "H-102",
        f"this request is refused: {reason}.",
        "open CIP on the machine it runs on, at the address that `cip serve` printed",
    )
    body = json.dumps({"ok": False, "error": error.as_dict()}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
