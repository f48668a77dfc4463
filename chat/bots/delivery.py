"""Hand each message and each change to the author's code once, and write down how far it got."""

from __future__ import annotations

from collections.abc import Callable

from chat.bots.connection import NAMESPACES
from chat.bots.log import Entry, RoomLog, RoomLogs
from chat.bots.state import State


class Delivery:
    """Delivers what is in turn in `logs`, and keeps the positions in `state`.

    `handle(kind, entry)` returns whether the author's code has seen the entry. A position is
    written after that, never before: what was sent meanwhile is in the file already.
    `tell(kind, entry)` does the same for a message that changed. Without it the bot follows no
    changes.
    """

    def __init__(
        self,
        state: State,
        logs: RoomLogs,
        handle: Callable[[str, Entry], bool],
        tell: Callable[[str, Entry], bool] | None = None,
    ) -> None:
        self.state = state
        self.logs = logs
        self.is_stopping = False
        self._handle = handle
        self._tell = tell
        self._unwritten: set[str] = set()  # kinds of room of which a position moved

    @property
    def follows_changes(self) -> bool:
        """Whether the author's code asked for messages that changed."""
        return self._tell is not None

    def begin(self) -> None:
        """Follow every room from where the file says that the last run ended."""
        for kind in NAMESPACES:
            for room_id, position in (self.state.positions(kind) or {}).items():
                told = self.state.told(kind, room_id) if self.follows_changes else None
                self.logs.add(room_id, kind, position, self.state.end(kind, room_id), told)

    def stop(self) -> None:
        """Deliver nothing more."""
        self.is_stopping = True

    def deliver(self, known: RoomLog, entries: list[Entry]) -> None:
        """Take messages in and handle those that are in turn, then tell of changes of these."""
        for entry in entries:
            known.put(entry)
            while (turn := known.take()) and not self.is_stopping:
                seen = self._handle(known.kind, turn)
                known.advance()
                self._unwritten.add(known.kind)
                if seen:
                    known.changes.note(turn)
                    self.write()
        self.deliver_changes(known)

    def deliver_changes(self, known: RoomLog) -> None:
        """Tell of each changed message that is in turn, as it is now."""
        rev = known.changes.rev
        while not self.is_stopping and (entry := known.changes.take(known.position)):
            seen = self._tell is not None and self._tell(known.kind, entry)
            known.changes.note(entry)
            self._unwritten.add(known.kind)
            if seen:
                self.write()
        if known.changes.rev != rev:
            self._unwritten.add(known.kind)

    def mark_unwritten(self, kind: str) -> None:
        """Have the positions of a kind of room written with the next `write`."""
        self._unwritten.add(kind)

    def write(self) -> None:
        """Write the positions that moved."""
        # Before the first sync nothing is known of a kind, which the file has to say.
        for kind in self._unwritten:
            if self.state.positions(kind) is not None:
                self.commit(kind)
        self._unwritten.clear()

    def commit(self, kind: str) -> None:
        """Write the positions of all rooms of a kind."""
        logs = self.logs
        self.state.commit(kind, logs.positions(kind), logs.ends(kind), logs.told(kind))
