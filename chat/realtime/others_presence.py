"""Reads which users are online at other processes: one small query unless something changed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chat.repositories.presence import Lease, PresenceRepository

LEASE = 20.0  # seconds without a renewal after which a process counts as dead
# Seconds for which the users of a stopped process still count as online, because they reconnect to
# another one.
LINGER = 3.0


@dataclass(slots=True)
class _Process:
    """What is known of another process; `renewed_at` is by this process's monotonic clock."""

    seen_at: datetime
    renewed_at: float
    versions: dict[int, int] = field(default_factory=dict)
    users: dict[int, set[str]] = field(default_factory=dict)
    ended_at: float | None = None  # since when it has no lease


class OthersPresence:
    """The users online at all other processes.

    A process is dead when this one saw no change of its lease for `lease` seconds, so no two clocks
    are compared. `now` is the database's clock, read when there is a new lease.
    """

    def __init__(
        self,
        repository: PresenceRepository,
        now: Callable[[], datetime],
        lease: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repository = repository
        self._now = now
        self._lease = LEASE if lease is None else lease
        self._clock = clock
        self._known: dict[str, _Process] = {}
        self._online: Counter[str] = Counter()  # by user: the number of processes
        self._changed: set[str] = set()
        self._refreshed_at = clock()

    def __contains__(self, user_id: object) -> bool:
        """Return whether a user is online at any other process."""
        return user_id in self._online

    def take_changed(self) -> set[str]:
        """Return the users that came online or went offline at any of them since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def refresh(self, own_id: str | None) -> None:
        """Read what changed. If the database fails halfway, what was read until then counts."""
        began = self._clock()
        leases = {
            lease.process_id: lease
            for lease in self._repository.list_leases()
            if lease.process_id != own_id
        }
        if began - self._refreshed_at > self._lease / 2:
            # This process was not looking, so it cannot have seen renewals. Start all leases anew.
            for process in self._known.values():
                process.renewed_at = began
        self._refreshed_at = began
        dead = [lease for lease in leases.values() if not self._is_alive(lease, began)]
        for lease in dead:
            if self._repository.delete_lease(lease):
                self._forget(lease.process_id)
            del leases[lease.process_id]
        if dead:
            self._repository.delete_orphans()
        for lease in leases.values():
            self._read(lease)
        for process_id in self._known.keys() - leases.keys():
            self._linger_or_forget(process_id, began)

    def _is_alive(self, lease: Lease, now: float) -> bool:
        """Record the renewal of a lease; return whether it has not expired."""
        process = self._known.get(lease.process_id)
        if process is None:
            age = max(0.0, (self._now() - lease.seen_at).total_seconds())
            process = self._known[lease.process_id] = _Process(lease.seen_at, now - age)
        elif process.seen_at != lease.seen_at:
            process.seen_at, process.renewed_at = lease.seen_at, now
        return now - process.renewed_at <= self._lease

    def _read(self, lease: Lease) -> None:
        process = self._known[lease.process_id]
        process.ended_at = None
        for number, version in enumerate(lease.versions):
            if process.versions.get(number, 0) == version:
                continue
            users = self._repository.read_users(lease.process_id, number)
            self._replace(process, number, users)
            process.versions[number] = version

    def _replace(self, process: _Process, number: int, users: set[str]) -> None:
        before = process.users.get(number, set())
        process.users[number] = users
        for user_id in users - before:
            self._online[user_id] += 1
        for user_id in before - users:
            self._online[user_id] -= 1
            if not self._online[user_id]:
                del self._online[user_id]
        self._changed |= before ^ users

    def _linger_or_forget(self, process_id: str, now: float) -> None:
        process = self._known[process_id]
        process.ended_at = now if process.ended_at is None else process.ended_at
        if now - process.ended_at >= LINGER:
            self._forget(process_id)

    def _forget(self, process_id: str) -> None:
        process = self._known.pop(process_id)
        for number in list(process.users):
            self._replace(process, number, set())
