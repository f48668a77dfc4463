"""Clients of Centrifugo: its JSON protocol over WebSocket, with the same loop and the same counts.

A frame has one or more lines of JSON: pushes `{"push":…}`, replies `{"id":…}`, and `{}` as a ping.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bench.talking import TEXT, Talker
from harness.clients import Client, LoadError, Loop

PUSH = b'{"push":{"channel":"'
REPLY = b'{"id":'
PING = b"{}"
PUBLISHED = b'"publish":{'


def channel(namespace: str, room_id: str) -> str:
    """Return the channel of a room."""
    return f"{namespace.removeprefix('/')}:{room_id}"


class Subscriber(Client):
    """One WebSocket that connects with a token, subscribes to channels, and counts its pushes."""

    path = b"/connection/websocket"

    def __init__(self, loop: Loop, port: int, token: str, channels: Sequence[str]) -> None:
        super().__init__(loop, port, [])
        commands: list[dict[str, object]] = [{"connect": {"token": token}}]
        commands += [{"subscribe": {"channel": channel}} for channel in channels]
        self._commands = [{"id": id, **command} for id, command in enumerate(commands, 1)]
        self.on_ack = self._entry_reply

    def upgraded(self, data: bytes) -> int:
        used = super().upgraded(data)
        if used:
            self.send("\n".join(map(json.dumps, self._commands)).encode())
        return used

    def handle_packet(self, payload: bytes) -> None:
        """Handle a frame: count its pushes, and pass on each reply."""
        pushes = _count_alike(payload)
        if not pushes:
            for line in payload.split(b"\n"):
                if line.startswith(PUSH):
                    pushes += 1
                elif line.startswith(REPLY):
                    self.on_ack(line)
                elif line == PING:
                    self.send(PING)
                elif line:
                    raise LoadError(f"refused: {line.decode()}")
        self.pushes += pushes
        self._loop.pushes += pushes

    def _entry_reply(self, reply: bytes) -> None:
        if b'"error":' in reply:
            raise LoadError(f"refused: {reply.decode()}")
        self._entered += 1
        if self._entered == len(self._commands):
            self._on_entered()


def _count_alike(payload: bytes) -> int:
    """Return the number of lines if all of them are pushes of one size, else 0.

    It compares the same byte of all lines at once, as the count of other servers' frames does.
    """
    size = payload.find(b"\n") + 1 or len(payload) + 1
    lines, rest = divmod(len(payload) + 1, size)
    is_alike = (
        rest == 0
        and payload.startswith(PUSH)
        and payload[2::size].count(b"p") == lines
        and payload[size - 1 :: size] == b"\n" * (lines - 1)
    )
    return lines if is_alike else 0


class Publisher(Talker):
    """Publishes to the channel of a room; Centrifugo's replies are the acks."""

    def _packet(self, number: int) -> str:
        return (
            f'{{"id":{number},"publish":{{"channel":'
            f'"{channel(self._place.namespace, self._place.id)}",'
            f'"data":{{"data":"{TEXT}","client_id":"{self._client_id}-{number:07}"}}}}}}'
        )

    def _ack_prefix(self) -> bytes:
        return REPLY

    def _acked_number(self, packet: bytes) -> int:
        end = packet.index(b",")
        if not packet.startswith(PUBLISHED, end + 1):
            raise LoadError(f"refused: {packet.decode()}")
        return int(packet[len(REPLY) : end])
