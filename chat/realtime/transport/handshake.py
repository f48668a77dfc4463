"""The server's part of the WebSocket opening handshake (RFC 6455)."""

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
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # of HTTP: the syntax of subprotocol names


class HandshakeError(Exception):
    """The request for a WebSocket is invalid."""


def handshake_response(environ: Mapping[str, Any]) -> bytes:
    """Return the response that opens a WebSocket. Raises HandshakeError.

    The version is checked elsewhere, because a wrong one gets another response.
    """
    key = _accept_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    return HANDSHAKE % (key, _choose_protocol(environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL")))


def _accept_key(key: str) -> bytes:
    """Return Sec-WebSocket-Accept for the client's key, which is 16 bytes in Base64."""
    try:
        decoded = base64.b64decode(key, validate=True)
    except ValueError:
        decoded = b""
    if len(decoded) != 16:
        raise HandshakeError("Invalid Sec-WebSocket-Key")
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest())


def _choose_protocol(offered: str | None) -> bytes:
    """Return the header that accepts the first offered subprotocol; empty without an offer.

    Subprotocols have no effect here, but a browser closes the connection if none is accepted.
    """
    if offered is None:
        return b""
    names = [name.strip(" \t") for name in offered.split(",")]
    if len(set(names)) < len(names) or not all(map(TOKEN.fullmatch, names)):
        raise HandshakeError("Invalid Sec-WebSocket-Protocol")
    return f"Sec-WebSocket-Protocol: {names[0]}\r\n".encode()
