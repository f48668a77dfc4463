"""Hand each message and each change to the author's code once, and record how far it got."""

from __future__ import annotations

from collections.abc import Callable

from chat.bots.connection import NAMESPACES
from chat.bots.log import Entry, RoomLog, RoomLogs
from chat.bots.state import State


class Delivery:
    """Delivers the entries in turn of `logs`, and keeps the positions in `state`.

    `handle(kind, entry)` returns whether the author's code got the entry. The position is written
    after that, never before: messages sent meanwhile are in the file already.
    `handle_change(kind, entry)` does the same for a message that changed. Without it the bot
    follows no changes.
    """

    def __init__(
        self,
        state: State,
        logs: RoomLogs,
        handle: Callable[[str, Entry], bool],
        handle_change: Callable[[str, Entry], bool] | None = None,
    ) -> None:
        self.state = state
        self.logs = logs
        self.is_stopping = False
        self._handle = handle
        self._handle_change = handle_change
        self._unwritten: set[str] = set()  # kinds of room of which a position moved

    @property
    def follows_changes(self) -> bool:
        """Whether the author's code asked for messages that changed."""
        return self._handle_change is not None

    def begin(self) -> None:
        """Follow every room from the position in the file."""
        for kind in NAMESPACES:
            for room_id, position in (self.state.positions(kind) or {}).items():
                changes = self.state.change_position(kind, room_id)
                self.logs.add(
                    room_id,
                    kind,
                    position,
                    self.state.end(kind, room_id),
                    changes if self.follows_changes else None,
                )

    def stop(self) -> None:
        """Deliver nothing more."""
        self.is_stopping = True

    def deliver(self, known: RoomLog, entries: list[Entry]) -> None:
        """Add messages to a log and deliver those in turn, then the changes of these."""
        for entry in entries:
            known.put(entry)
            while (turn := known.next_entry()) and not self.is_stopping:
                is_handled = self._handle(known.kind, turn)
                known.advance()
                self._unwritten.add(known.kind)
                if is_handled:
                    known.changes.record_delivered(turn)
                    self.write()
        self.deliver_changes(known)

    def deliver_changes(self, known: RoomLog) -> None:
        """Deliver each changed message in turn, as it is now."""
        rev = known.changes.rev
        while not self.is_stopping and (entry := known.changes.next_entry(known.position)):
            is_handled = self._handle_change is not None and self._handle_change(known.kind, entry)
            known.changes.record_delivered(entry)
            self._unwritten.add(known.kind)
            if is_handled:
                self.write()
        if known.changes.rev != rev:
            self._unwritten.add(known.kind)

    def mark_unwritten(self, kind: str) -> None:
        """Write the positions of a kind of room with the next `write`."""
        self._unwritten.add(kind)

    def write(self) -> None:
        """Write the positions that moved."""
        # Before the first `sync` of a kind its positions are unknown, and the file must say so.
        for kind in self._unwritten:
            if self.state.positions(kind) is not None:
                self.commit(kind)
        self._unwritten.clear()

    def commit(self, kind: str) -> None:
        """Write the positions of all rooms of a kind."""
        logs = self.logs
        self.state.commit(kind, logs.positions(kind), logs.ends(kind), logs.change_positions(kind))
