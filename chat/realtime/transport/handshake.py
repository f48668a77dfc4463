"""The opening handshake of WebSocket (RFC 6455): the answer to a request that asks for it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of the WebSocket protocol
VERSION = "13"
HANDSHAKE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n%b\r\n"
)
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # of HTTP, which names of subprotocols are


class HandshakeError(Exception):
    """The request asks for WebSocket in a way that the protocol forbids."""


def accept(environ: Mapping[str, Any]) -> bytes:
    """Return the whole answer that begins a WebSocket. Raises HandshakeError.

    The version is not checked here: a wrong one has an answer of its own.
    """
    key = _accept_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    return HANDSHAKE % (key, _choose_protocol(environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL")))


def _accept_key(key: str) -> bytes:
    """Return the answer to the client's key, which is 16 bytes in Base64."""
    try:
        decoded = base64.b64decode(key, validate=True)
    except ValueError:
        decoded = b""
    if len(decoded) != 16:
        raise HandshakeError("Invalid Sec-WebSocket-Key")
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest())


def _choose_protocol(offered: str | None) -> bytes:
    """Return the header that takes the first subprotocol a client offers; empty without an offer.

    Subprotocols mean nothing here, but browsers end a connection on which theirs is not taken.
    """
    if offered is None:
        return b""
    names = [name.strip(" \t") for name in offered.split(",")]
    if len(set(names)) < len(names) or not all(map(TOKEN.fullmatch, names)):
        raise HandshakeError("Invalid Sec-WebSocket-Protocol")
    return f"Sec-WebSocket-Protocol: {names[0]}\r\n".encode()
