"""The file of a bot: how far it got, what it has to send, and its memory."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from chat.bots.changes import ChangePosition
from chat.bots.log import End

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message on its way. Sent again under its `client_id`, it is stored once."""

    client_id: str
    data: str
    room_id: str | None = None
    to: str | None = None
    reply_to: int | None = None  # the seq of a message of the room
    files: tuple[str, ...] = ()  # ids of files that are uploaded


class State:
    """Kept in memory, written as a whole, replaced at once: a crash leaves the old or the new file.

    `memory` is the author's. The file has it as it was at the last `commit`, so that a handler that
    did not end has not changed it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.load()

    def load(self) -> None:
        """Read the file; without one, begin anew. Raises ValueError when it is not ours."""
        try:
            kept = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            kept = {"format": FORMAT}
        if not isinstance(kept, dict) or kept.get("format") != FORMAT:
            raise ValueError(f"{self._path} is not the state of a bot")
        self.user_id: str | None = kept.get("user_id")
        self.memory: dict[str, Any] = kept.get("memory", {})
        self._memory = json.dumps(self.memory)
        self.epoch: str | None = kept.get("epoch")  # of the past that the positions belong to
        self._positions: dict[str, dict[str, int]] = kept.get("positions", {})
        self._ends = {  # by kind and room; files of earlier versions have none
            kind: {room_id: End(*end) for room_id, end in ends.items()}
            for kind, ends in kept.get("ends", {}).items()
        }
        self._change_positions = {  # likewise
            kind: {
                room_id: ChangePosition(rev, dict(versions))
                for room_id, (rev, versions) in rooms.items()
            }
            for kind, rooms in kept.get("told", {}).items()
        }
        outbox = (one | {"files": tuple(one.get("files", ()))} for one in kept.get("outbox", []))
        self._outbox = {one["client_id"]: Unsent(**one) for one in outbox}

    def claim(self, user_id: str) -> None:
        """Record the user of this state; raises ValueError when it is another user's."""
        if self.user_id not in (None, user_id):
            raise ValueError(f"{self._path} is the state of another user's bot")
        self.user_id = user_id

    def positions(self, kind: str) -> dict[str, int] | None:
        """Return how far each room of a kind was handled, None when they were never seen."""
        with self._lock:
            found = self._positions.get(kind)
            return None if found is None else dict(found)

    def end(self, kind: str, room_id: str) -> End:
        """Return the message handled last in a room, as far as it is known."""
        with self._lock:
            return self._ends.get(kind, {}).get(room_id, End())

    def change_position(self, kind: str, room_id: str) -> ChangePosition | None:
        """Return how far the changes of a room were delivered, None where that is not known."""
        with self._lock:
            return self._change_positions.get(kind, {}).get(room_id)

    def drop_change_positions(self) -> None:
        """Drop how far changes were delivered in all rooms. Written with the next commit."""
        with self._lock:
            self._change_positions.clear()

    def unsent(self) -> list[Unsent]:
        """Return the messages that may not be stored yet, the oldest first."""
        with self._lock:
            return list(self._outbox.values())

    def add_unsent(self, message: Unsent) -> None:
        """Record a message, so that it will be sent also after a crash."""
        with self._lock:
            self._outbox[message.client_id] = message
            self._write()

    def mark_stored(self, client_id: str) -> None:
        """Drop a stored message. Written with the next change: a repeat does no harm."""
        with self._lock:
            self._outbox.pop(client_id, None)

    def discard_refused(self, client_id: str) -> None:
        """Drop a refused message, so that it is not sent later after all."""
        with self._lock:
            self._outbox.pop(client_id, None)
            self._write()

    def commit(
        self,
        kind: str,
        positions: dict[str, int],
        ends: dict[str, End],
        change_positions: Mapping[str, ChangePosition],
    ) -> None:
        """Write how far the rooms of a kind have been handled, and the memory with it."""
        memory = json.dumps(self.memory)
        with self._lock:
            self._memory = memory
            self._positions[kind] = positions
            self._ends[kind] = ends
            self._change_positions[kind] = dict(change_positions)
            self._write()

    def commit_memory(self) -> None:
        """Write the memory."""
        memory = json.dumps(self.memory)
        with self._lock:
            if memory != self._memory:
                self._memory = memory
                self._write()

    def _write(self) -> None:
        rest = {
            "format": FORMAT,
            "user_id": self.user_id,
            "epoch": self.epoch,
            "positions": self._positions,
            "ends": {
                kind: {room_id: astuple(end) for room_id, end in ends.items()}
                for kind, ends in self._ends.items()
            },
            "told": {
                kind: {
                    room_id: (one.rev, list(one.versions.items())) for room_id, one in rooms.items()
                }
                for kind, rooms in self._change_positions.items()
            },
            "outbox": [asdict(one) for one in self._outbox.values()],
        }
        text = f'{json.dumps(rest)[:-1]}, "memory": {self._memory}}}\n'
        draft = self._path.with_name(self._path.name + ".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)
