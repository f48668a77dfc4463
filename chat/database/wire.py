"""Sending one command to a database of this machine without a driver, for its supervision."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import nullcontext

import bson

from chat.database.client import Document

HOST = "127.0.0.1"
OP_MSG = 2013  # of MongoDB's wire protocol
LONGEST_BYTES = 48_000_000  # of its messages; a longer one comes from another program
ANSWER_SECONDS = 1.0


Address = int | str  # a port of this machine, or the path of a Unix socket


def send_command(
    address: Address,
    command: Document,
    tls: ssl.SSLContext | None = None,
    seconds: float = ANSWER_SECONDS,
) -> Document | None:
    """Return the answer to one command, or None if there is none."""
    message = bytes(4) + b"\0" + bson.encode(command)  # no flags, one body
    header = struct.pack("<iiii", 16 + len(message), 1, 0, OP_MSG)
    try:
        with (
            _connect(address, seconds) as plain,
            tls.wrap_socket(plain) if tls else nullcontext(plain) as connection,
        ):
            connection.sendall(header + message)
            with connection.makefile("rb") as answer:
                length, _, _, kind = struct.unpack("<iiii", answer.read(16))
                if kind != OP_MSG or not 16 < length <= LONGEST_BYTES:
                    return None
                body = answer.read(length - 16)
            return bson.decode(body[5:])
    except (OSError, struct.error, bson.errors.InvalidBSON):
        return None


def is_ok(answer: Document | None) -> bool:
    """Return whether a command succeeded."""
    return answer is not None and bool(answer.get("ok"))


def _connect(address: Address, seconds: float) -> socket.socket:
    if isinstance(address, int):
        return socket.create_connection((HOST, address), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
