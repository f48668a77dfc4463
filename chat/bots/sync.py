"""Compare all rooms with the server's: after each connection, and every five minutes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from chat.bots.changes import ChangePosition
from chat.bots.connection import NAMESPACES
from chat.bots.delivery import Delivery
from chat.bots.errors import BotError
from chat.bots.link import Link
from chat.bots.log import End, RoomLog
from chat.bots.pages import PAGE
from chat.bots.poll_schedule import PollSchedule
from chat.bots.session import Session

SYNC_ROOMS = 400  # rooms named in one `sync`: a payload must stay below 64 KiB
SYNC_EVERY = 300.0  # seconds
MAX_SEARCHED = 1_000  # messages of another log among which to search the position
RETRY = 2.0  # seconds before the next try of a failed call

log = logging.getLogger(__name__)


class Sync:
    """Asks for what the bot missed, follows new rooms, and notices a restored database.

    The first `sync` of a kind of room begins at the end of each room, or with `from_start` at its
    first message. `on_ready()` is called when every room there is at the start is being followed.
    """

    def __init__(
        self,
        link: Link,
        session: Session,
        delivery: Delivery,
        polls: PollSchedule,
        on_ready: Callable[[], None],
        from_start: bool,
        clock: Callable[[], float],
    ) -> None:
        self._link = link
        self._session = session
        self._delivery = delivery
        self._state = delivery.state
        self._logs = delivery.logs
        self._polls = polls
        self._on_ready = on_ready
        self._from_start = from_start
        self._clock = clock
        self._dues: dict[str, float] = {}  # by kind of room
        self._synced: set[str] = set()  # kinds of room
        self._distrusted = set(NAMESPACES)  # kinds of which pushes may belong to another past
        self._doubtful: set[str] = set()  # rooms whose position may be of another past

    def schedule(self, kind: str) -> None:
        """Compare the rooms of a kind soon."""
        self._dues[kind] = 0.0

    def distrust(self, kind: str) -> None:
        """Drop what came too early of a kind of room, and all pushes until a `sync` is answered.

        In another past the seq behind a position may be taken although another message is at the
        position: the messages between would be skipped. The answer contains all earlier pushes.
        """
        self._distrusted.add(kind)
        for known in self._logs.all().values():
            if known.kind == kind:
                known.drop_ahead()

    def trusts(self, kind: str) -> bool:
        """Tell whether pushes of a kind of room belong to the past of the positions."""
        return kind not in self._distrusted

    def next_due(self) -> float | None:
        """Return when the next comparison is due, None when none is."""
        return min(self._dues.values(), default=None)

    def run_due(self, now: float) -> None:
        """Compare the rooms of each kind that is due."""
        for kind in [kind for kind, due in self._dues.items() if due <= now]:
            self.run(kind)

    def run(self, kind: str) -> None:
        """Compare the rooms of a kind with the server's, read what is new, and follow new rooms."""
        try:
            self._learn_revs()
            if self._ask(kind):
                self._ask(kind)
            self._learn_revs()
            wait = SYNC_EVERY
            self._distrusted.discard(kind)
            self._note_synced(kind)
        except BotError as error:
            log.info("`sync` failed: %s", error.code)
            wait = max(RETRY, error.retry_after)
        self._dues[kind] = self._clock() + wait

    def drop(self, kind: str, room_id: str) -> None:
        """Follow a room no longer."""
        self._logs.drop(room_id)
        self._polls.remove(room_id)
        self._delivery.mark_unwritten(kind)

    def note_quiet(self, room_id: str, known: RoomLog) -> None:
        """Drop versions of a quiet room, because `rev` covers them."""
        if self._polls.is_quiet(room_id, self._clock()) and not known.has_gap:
            known.changes.drop_versions()

    def _ask(self, kind: str) -> bool:
        """Call `sync`; return whether to call it again, because a room was reset.

        The next call does not ask for the changes of that room, so it shows which log was reset.
        """
        again = False
        for part in sync_payloads(self._logs.positions(kind)):
            ends, revs = self._logs.ends(kind), self._logs.revs(kind)
            part["ids"] = {id: ends[id].id for id in part["rooms"] if ends[id].id}
            named = {id: revs[id] for id in part["rooms"] if id in revs}
            if named:  # older servers take none
                part["revs"] = named
            again = self._apply(kind, self._link.call(kind, "sync", part)) or again
        return again

    def _learn_revs(self) -> None:
        """Ask where the changes end in those rooms of which no rev is known.

        That happens after an update from a version that followed no changes, and after a reset.
        """
        if not self._delivery.follows_changes or all(
            known.changes.rev is not None for known in self._logs.all().values()
        ):
            return
        for room in self._session.call("GET", "/rooms"):
            known, rev = self._logs.get(room["id"]), room.get("last_rev")  # older servers name none
            if known and known.changes.rev is None and rev is not None:
                known.changes.begin(rev)
                self._delivery.mark_unwritten(known.kind)
        self._delivery.write()  # if the bot dies now, it gets the changes from here on all the same

    def _note_synced(self, kind: str) -> None:
        if kind in self._synced:
            return
        self._synced.add(kind)
        if len(self._synced) == len(NAMESPACES):
            log.info("ready")
            self._on_ready()

    def _apply(self, kind: str, found: dict[str, Any]) -> bool:
        """Apply an answer to `sync`; return whether to call it again, as above."""
        self._note_epoch(found["epoch"])
        for room_id in found["gone"]:
            self.drop(kind, room_id)
        first = self._state.positions(kind) is None
        for room in found["joined"]:
            if room["id"] not in self._logs:
                self._follow(kind, room, first)
        self._delivery.commit(kind)
        again = False
        for room_id, page in found["rooms"].items():
            known = self._logs.get(room_id)
            if known is None:
                continue
            if page["reset"] and "last_rev" in page:
                self._lose_changes(room_id, known)
                again = True
            elif page["reset"] or room_id in self._doubtful:
                self._start_anew(kind, room_id, known, page["last_seq"])
            else:
                self._apply_page(room_id, known, page)
        return again

    def _follow(self, kind: str, room: dict[str, Any], first: bool) -> None:
        """Begin to follow a room that is new to the bot."""
        position = self._start_of(room, first)
        follows = self._delivery.follows_changes and "last_rev" in room  # older servers name none
        changes = ChangePosition(room["last_rev"]) if follows else None
        self._logs.add(room["id"], kind, position, _end_of(room, position), changes)
        if position < room["last_seq"]:
            self._polls.schedule(room["id"], 0.0)

    def _start_of(self, room: dict[str, Any], first: bool) -> int:
        """Return behind which seq to begin in a room that is new to the bot."""
        if self._from_start:
            return 0
        if first:
            return int(room["last_seq"])
        # Since the last `sync` somebody first wrote to the bot, or added it to a group, in which
        # older messages count as read.
        return 0 if room["kind"] == "direct" else int(room["last_read_seq"])

    def _apply_page(self, room_id: str, known: RoomLog, page: dict[str, Any]) -> None:
        changed = page.get("changed", [])
        if known.changes.rev is not None and "last_rev" in page:
            revs = {"after_rev": known.changes.rev, "last_rev": page["last_rev"]}
            known.changes.put({"messages": changed} | revs)
        self._delivery.deliver(known, page["messages"])
        if page["messages"] or changed:
            self._polls.record_news(room_id, known.has_gap, self._clock())
        if page["has_more"] or page.get("has_more_changes"):
            self._polls.schedule(room_id, 0.0)
        elif not page["messages"] and not changed:
            self.note_quiet(room_id, known)

    def _lose_changes(self, room_id: str, known: RoomLog) -> None:
        log.warning("changes of room %s are lost: continuing with the next one", room_id)
        known.changes.reset()
        self._delivery.mark_unwritten(known.kind)

    def _note_epoch(self, epoch: str) -> None:
        """Compare the epoch of the server's database."""
        if self._state.epoch not in (None, epoch):
            log.warning("the server's database was restored from a backup")
            self._state.drop_change_positions()
            for room_id, known in self._logs.all().items():
                known.drop_ahead()
                known.changes.reset()
                if known.position > 0 and not known.end.id:  # the server cannot compare these
                    self._doubtful.add(room_id)
        self._state.epoch = epoch

    def _start_anew(self, kind: str, room_id: str, known: RoomLog, last_seq: int) -> None:
        """Continue in a room with another log, behind all that was handled."""
        position, end = self._place_in(room_id, known, last_seq)
        log.warning("room %s has another log: continuing behind %d", room_id, position)
        self._doubtful.discard(room_id)
        self._logs.add(room_id, kind, position, end)
        self._delivery.mark_unwritten(kind)
        if position < last_seq:
            self._polls.schedule(room_id, 0.0)

    def _place_in(self, room_id: str, known: RoomLog, last_seq: int) -> tuple[int, End]:
        """Return behind which seq a log has only messages newer than all that were handled.

        It searches from the end of the log, among `MAX_SEARCHED` messages at most. Where it is not
        known when the last one handled was sent, it is the position. Raises BotError.
        """
        end = known.end
        if not end.created_at:
            return min(known.position, last_seq), end
        first = last_seq + 1
        while first > 1 and last_seq - first < MAX_SEARCHED:
            page = self._session.call(
                "GET", f"/rooms/{room_id}/messages?before_seq={first}&limit={PAGE}"
            )
            for entry in reversed(page["messages"]):
                if entry["created_at"] <= end.created_at:
                    return entry["seq"], End(entry["id"], end.created_at)
            if not page["messages"]:
                break
            first = page["messages"][0]["seq"]
        return first - 1, End("", end.created_at)


def _end_of(room: dict[str, Any], position: int) -> End:
    """Return what is known of the message at a position when a room is new to the bot."""
    last = room["last_message"]
    if last is None or last["seq"] != position:
        return End()
    return End(last["id"], last["created_at"])


def sync_payloads(positions: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield at least one payload of `sync`; together they name all positions.

    Each covers a range of room ids, so that a new room comes with exactly one of them.
    """
    ids = sorted(positions)
    ends = [*ids[SYNC_ROOMS - 1 : -1 : SYNC_ROOMS], None]
    after = None
    for number, upto in enumerate(ends):
        named = ids[number * SYNC_ROOMS : (number + 1) * SYNC_ROOMS]
        stretch = {"after": after, "upto": upto}
        yield {
            "rooms": {room_id: positions[room_id] for room_id in named},
            **{name: end for name, end in stretch.items() if end is not None},
        }
        after = upto
