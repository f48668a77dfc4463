"""The audit log: written in the background. No action waits for it or fails because of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar

from chat.clock import DAY_MS, now_ms
from chat.ids import new_id
from chat.models import Action, AuditEntry
from chat.repositories.audit import AuditRepository
from chat.write_behind import WriteBehind

WRITE_INTERVAL = 0.5  # seconds in which entries gather
MAX_WAITING = 20_000  # entries in memory while the database is away

log = logging.getLogger(__name__)

_caller: ContextVar[str] = ContextVar("audit_caller", default="")


def bind_caller(address: str) -> None:
    """Set the network address of this request's caller; commands have none."""
    _caller.set(address)


class Audit:
    """Records who did what. Entries are kept for `days`."""

    def __init__(
        self, entries: AuditRepository, days: int, clock: Callable[[], int] = now_ms
    ) -> None:
        self._entries = entries
        self._keep_ms = days * DAY_MS
        self._clock = clock
        self._write_behind: WriteBehind[str, AuditEntry] = WriteBehind(WRITE_INTERVAL, self._write)
        self._lost = 0

    def record(
        self,
        action: Action,
        actor_id: str = "",
        *,
        target_id: str = "",
        room_id: str = "",
        detail: str = "",
    ) -> None:
        """Record an action that has happened; it is written up to WRITE_INTERVAL later."""
        if len(self._write_behind) >= MAX_WAITING:
            self._lost += 1
            return
        entry = AuditEntry(
            id=new_id(),
            at=self._clock(),
            action=action,
            address=_caller.get(),
            actor_id=actor_id,
            target_id=target_id,
            room_id=room_id,
            detail=detail,
        )
        self._write_behind.put(entry.id, entry)

    def list_latest(
        self, limit: int, user_id: str | None = None, action: str | None = None
    ) -> list[AuditEntry]:
        """Return the latest entries, the oldest first, of all or only by and about a user.

        With `action`, only those of this action.
        """
        return self._entries.list_latest(limit, user_id, action)

    def flush(self) -> bool:
        """Write the waiting entries; return whether that succeeded."""
        return self._write_behind.flush()

    def _write(self, entries: dict[str, AuditEntry]) -> None:
        self._entries.insert_many(entries.values(), self._keep_ms)
        lost, self._lost = self._lost, 0
        if lost:
            log.error("%d entries of the audit log were lost while the database was away", lost)
