"""Reading: every message once and in order, and each as it is now, whatever the pushes do."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from chat.bots.changes import Page, Told
from chat.bots.checks import Checks
from chat.bots.connection import NAMESPACES
from chat.bots.errors import BotError, Stopped
from chat.bots.inbox import Inbox
from chat.bots.link import Link
from chat.bots.log import End, Entry, RoomLog, RoomLogs
from chat.bots.membership_requests import MembershipRequests
from chat.bots.session import Session
from chat.bots.state import State
from chat.bots.timers import Timers

PAGE = 100  # messages fetched at once, the most the server gives
SYNC_ROOMS = 400  # rooms named in one `sync`: a payload must stay below 64 KiB
SYNC_EVERY = 300.0  # seconds
MAX_ANEW = 1_000  # messages of a log that is another one among which to look for the place
RETRY = 2.0  # seconds after which to ask again what could not be answered
# Looking at a room costs a request and the server a read; a `sync` costs it a read for each room.
SYNC_FROM = 3  # rooms to be looked at, and
SYNC_SHARE = 1 / 4  # of all rooms of the kind: then one `sync` of all is the cheaper way

log = logging.getLogger(__name__)


class Reader:
    """Runs in one thread, and so does everything that handlers do.

    `handle(kind, entry)` returns whether the author's code has seen the entry. A position is
    written after that, never before: what was sent meanwhile is in the file already.
    `tell(kind, entry)` does the same for a message that changed; without it nobody asks for these.
    `on_ready()` is called when every room there is at the start is being followed.
    """

    def __init__(
        self,
        inbox: Inbox,
        link: Link,
        session: Session,
        state: State,
        logs: RoomLogs,
        timers: Timers,
        handle: Callable[[str, Entry], bool],
        on_ready: Callable[[], None],
        tell: Callable[[str, Entry], bool] | None = None,
        from_start: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._link = link
        self._session = session
        self._state = state
        self._logs = logs
        self._timers = timers
        self._handle = handle
        self._on_ready = on_ready
        self._tell = tell
        self._from_start = from_start
        self._clock = clock
        self._checks = Checks()
        self._membership_requests = MembershipRequests(session, clock)
        self._syncs: dict[str, float] = {}  # when to compare with the server, by kind of room
        self._synced: set[str] = set()
        self._unwritten: set[str] = set()  # kinds of which a position moved
        self._unsynced = set(NAMESPACES)  # kinds of which pushes may belong to another past
        self._doubtful: set[str] = set()  # rooms whose position may be of another past
        self._stopping = False

    def run(self) -> None:
        """Read from where the file says that the last run ended, until stopped."""
        self.begin()
        while not self._stopping:
            self.turn()
        self._write()

    def begin(self) -> None:
        """Take up where the file says that the last run ended."""
        for kind in NAMESPACES:
            for room_id, position in (self._state.positions(kind) or {}).items():
                told = self._state.told(kind, room_id) if self._tell else None
                self._logs.add(room_id, kind, position, self._state.end(kind, room_id), told)
        self._timers.restart()

    def turn(self) -> None:
        """Wait for a push or until something is due, and do it."""
        push = self._inbox.get(self._idle_seconds())
        if push is not None:
            self._take(*push)
        self._do_what_is_due()

    def stop(self) -> None:
        """Handle no further message."""
        self._stopping = True
        self._inbox.wake()

    def _take(self, kind: str, event: str, payload: Any) -> None:
        if event == "connecting":
            self._distrust(kind)
        elif event == "online":
            self._distrust(kind)
            self._syncs[kind] = 0.0
            self._membership_requests.expect()
        elif event == "invitation_received":
            self._membership_requests.expect()
        elif event == "message_created" and kind not in self._unsynced:
            self._take_message(kind, payload)
        elif event == "messages_changed" and kind not in self._unsynced and self._tell:
            self._take_changes(kind, payload)
        elif event == "room_created" and payload["id"] not in self._logs:
            self._syncs[kind] = 0.0
        elif event == "room_deleted":
            self._drop(kind, payload["room_id"])
        elif event == "member_left" and payload["user_id"] == self._state.user_id:
            self._drop(kind, payload["room_id"])

    def _distrust(self, kind: str) -> None:
        """Drop what came ahead of its turn, and all pushes until a `sync` is answered.

        In another past the seq behind a position may be taken although the position is another
        message: what lies between would be passed over. The answer has all that was pushed before.
        """
        self._unsynced.add(kind)
        for known in self._logs.all().values():
            if known.kind == kind:
                known.forget_ahead()

    def _take_message(self, kind: str, entry: Entry) -> None:
        known = self._logs.get(entry["room_id"])
        if known is None:  # its `room_created` is still under way, or was lost
            self._syncs[kind] = 0.0
            return
        self._read(known, [entry])
        self._checks.note_news(entry["room_id"], known.has_gap, self._clock())

    def _take_changes(self, kind: str, page: Page) -> None:
        known = self._logs.get(page["room_id"])
        if known is None:  # as above
            self._syncs[kind] = 0.0
            return
        known.changes.put(page)
        self._tell_changes(known)
        self._checks.note_news(page["room_id"], known.has_gap, self._clock())

    def _do_what_is_due(self) -> None:
        now = self._clock()
        for kind in [kind for kind, due in self._syncs.items() if due <= now]:
            self._sync(kind)
        self._look(self._checks.take_due(now))
        self._membership_requests.accept_due(now)
        for function in self._timers.take_due():
            self._call(function)
        if self._inbox.empty():
            self._write()

    def _sync(self, kind: str) -> None:
        """Compare the rooms of a kind with the server's, read what is new, and follow new rooms."""
        try:
            self._learn_revs()
            if self._ask(kind):
                self._ask(kind)
            self._learn_revs()
            wait = SYNC_EVERY
            self._unsynced.discard(kind)
            self._note_synced(kind)
        except BotError as error:
            log.info("could not ask what was missed: %s", error.code)
            wait = max(RETRY, error.retry_after)
        self._syncs[kind] = self._clock() + wait

    def _ask(self, kind: str) -> bool:
        """Ask what was missed; return whether to ask again, because of a room all was reset.

        Messages or changes: the next answer tells, because it is not asked for the changes.
        """
        again = False
        for part in _parts(self._logs.positions(kind)):
            ends, revs = self._logs.ends(kind), self._logs.revs(kind)
            part["ids"] = {id: ends[id].id for id in part["rooms"] if ends[id].id}
            named = {id: revs[id] for id in part["rooms"] if id in revs}
            if named:  # older servers take none
                part["revs"] = named
            again = self._apply(kind, self._link.call(kind, "sync", part)) or again
        return again

    def _learn_revs(self) -> None:
        """Ask where the changes end in those rooms of which no rev is known.

        So it is after an update from a version that followed no changes, and after a reset.
        """
        if self._tell is None or all(
            known.changes.rev is not None for known in self._logs.all().values()
        ):
            return
        for room in self._session.call("GET", "/rooms"):
            known, rev = self._logs.get(room["id"]), room.get("last_rev")  # older servers name none
            if known and known.changes.rev is None and rev is not None:
                known.changes.begin(rev)
                self._unwritten.add(known.kind)
        self._write()  # where the bot dies now, it is told from here on all the same

    def _note_synced(self, kind: str) -> None:
        if kind in self._synced:
            return
        self._synced.add(kind)
        if len(self._synced) == len(NAMESPACES):
            log.info("ready")
            self._on_ready()

    def _apply(self, kind: str, found: dict[str, Any]) -> bool:
        """Take in an answer to `sync`; return whether to ask again, as above."""
        self._note_epoch(found["epoch"])
        for room_id in found["gone"]:
            self._drop(kind, room_id)
        first = self._state.positions(kind) is None
        for room in found["joined"]:
            if room["id"] not in self._logs:
                position = self._start_of(room, first)
                told = Told(room["last_rev"]) if self._tell and "last_rev" in room else None
                self._logs.add(room["id"], kind, position, _end_of(room, position), told)
                if position < room["last_seq"]:
                    self._checks.plan(room["id"], 0.0)
        self._commit(kind)
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

    def _apply_page(self, room_id: str, known: RoomLog, page: dict[str, Any]) -> None:
        changed = page.get("changed", [])
        if known.changes.rev is not None and "last_rev" in page:
            revs = {"after_rev": known.changes.rev, "last_rev": page["last_rev"]}
            known.changes.put({"messages": changed} | revs)
        self._read(known, page["messages"])
        if page["messages"] or changed:
            self._checks.note_news(room_id, known.has_gap, self._clock())
        if page["has_more"] or page.get("has_more_changes"):
            self._checks.plan(room_id, 0.0)
        elif not page["messages"] and not changed:
            self._note_quiet(room_id, known)

    def _note_quiet(self, room_id: str, known: RoomLog) -> None:
        """Drop versions where nothing is new: `rev` covers all that was told a while ago."""
        if self._checks.is_quiet(room_id, self._clock()) and not known.has_gap:
            known.changes.forget_versions()

    def _lose_changes(self, room_id: str, known: RoomLog) -> None:
        log.warning("the changes of room %s cannot be told: going on with the next", room_id)
        known.changes.forget()
        self._unwritten.add(known.kind)

    def _note_epoch(self, epoch: str) -> None:
        """Take in which past the server's database has."""
        if self._state.epoch not in (None, epoch):
            log.warning("the server's database was restored from a backup")
            self._state.forget_told()
            for room_id, known in self._logs.all().items():
                known.forget_ahead()
                known.changes.forget()
                if known.position > 0 and not known.end.id:  # the server cannot tell of these
                    self._doubtful.add(room_id)
        self._state.epoch = epoch

    def _start_anew(self, kind: str, room_id: str, known: RoomLog, last_seq: int) -> None:
        """Go on in a room whose log is another one than it was: behind all that was handled."""
        position, end = self._place_in(room_id, known, last_seq)
        log.warning("the log of room %s is another one: going on behind %d", room_id, position)
        self._doubtful.discard(room_id)
        self._logs.add(room_id, kind, position, end)
        self._unwritten.add(kind)
        if position < last_seq:
            self._checks.plan(room_id, 0.0)

    def _place_in(self, room_id: str, known: RoomLog, last_seq: int) -> tuple[int, End]:
        """Return behind which seq a log has only what was said after all that was handled.

        Looked for from the end of the log, `MAX_ANEW` messages at most. Where it is not known when
        the last one handled was said, it is the position: nothing behind it was handled. Raises
        BotError.
        """
        end = known.end
        if not end.created_at:
            return min(known.position, last_seq), end
        first = last_seq + 1
        while first > 1 and last_seq - first < MAX_ANEW:
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

    def _start_of(self, room: dict[str, Any], first: bool) -> int:
        """Return behind which seq to begin in a room that is new to the bot."""
        if self._from_start:
            return 0
        if first:
            return int(room["last_seq"])
        # Since the bot last looked, someone first wrote to it, or it came into a group: what was
        # said there before counts as read.
        return 0 if room["kind"] == "direct" else int(room["last_read_seq"])

    def _look(self, room_ids: list[str]) -> None:
        """Look for what no push brought, for many rooms of a kind at once."""
        for kind in NAMESPACES:
            followed = self._logs.positions(kind) if room_ids else {}
            rooms = [room_id for room_id in room_ids if room_id in followed]
            if len(rooms) >= max(SYNC_FROM, SYNC_SHARE * len(followed)):
                for room_id in rooms:
                    self._checks.note_silence(room_id, self._clock())
                self._sync(kind)
            else:
                for room_id in rooms:
                    self._fetch(room_id)

    def _fetch(self, room_id: str) -> None:
        """Read what is missing of a room, page by page."""
        known = self._logs.get(room_id)
        if known is None or self._stopping:
            return
        before = known.position, known.changes.rev
        try:
            is_same = self._fetch_messages(room_id, known) and self._fetch_changes(room_id, known)
        except BotError as error:
            if error.code == "not_found":
                self._drop(known.kind, room_id)
            else:
                log.info("could not fetch messages: %s", error.code)
                self._checks.plan(room_id, self._clock() + max(RETRY, error.retry_after))
            return
        if not is_same:
            self._syncs[known.kind] = 0.0  # tells what to do
        elif known.has_gap:
            self._checks.plan(room_id, self._clock() + RETRY)
        elif before != (known.position, known.changes.rev):
            self._checks.note_news(room_id, False, self._clock())
        else:
            self._note_quiet(room_id, known)
            self._checks.note_silence(room_id, self._clock())

    def _fetch_messages(self, room_id: str, known: RoomLog) -> bool:
        """Read all messages of a room; return False when its log is another one. Raises BotError.

        With them the server says how far its log of changes goes.
        """
        while not self._stopping:
            position, last_id = known.position, known.end.id
            # With the message that was handled last, where it is known: it may be another one now.
            after = position - 1 if last_id else position
            page = self._session.call(
                "GET", f"/rooms/{room_id}/messages?after_seq={after}&limit={PAGE}"
            )
            if last_id and last_id not in [entry["id"] for entry in page["messages"][:1]]:
                return False
            known.changes.hear_of(page.get("last_rev"))
            self._read(known, page["messages"])
            if not page["has_more"] or known.position == position:
                break
        return True

    def _fetch_changes(self, room_id: str, known: RoomLog) -> bool:
        """Ask for the changes that are missing of a room; as above."""
        while known.changes.is_behind and not self._stopping:
            rev = known.changes.rev
            page = self._session.call(
                "GET", f"/rooms/{room_id}/changes?after_rev={rev}&limit={PAGE}"
            )
            if page["reset"]:
                return False
            if page["has_more"]:
                known.changes.put(page)
            else:
                known.changes.put_last(page)
            self._tell_changes(known)
            if known.changes.rev == rev:  # messages came meanwhile, which are handled first
                break
        return True

    def _read(self, known: RoomLog, entries: list[Entry]) -> None:
        """Take entries in and handle those whose turn it is, then tell what waited for them."""
        for entry in entries:
            known.put(entry)
            while (turn := known.take()) and not self._stopping:
                seen = self._handle(known.kind, turn)
                known.advance()
                self._unwritten.add(known.kind)
                if seen:
                    known.changes.note(turn)
                    self._write()
        self._tell_changes(known)

    def _tell_changes(self, known: RoomLog) -> None:
        """Tell, in its present state, each changed message whose turn it is."""
        rev = known.changes.rev
        while not self._stopping and (entry := known.changes.take(known.position)):
            seen = self._tell is not None and self._tell(known.kind, entry)
            known.changes.note(entry)
            self._unwritten.add(known.kind)
            if seen:
                self._write()
        if known.changes.rev != rev:
            self._unwritten.add(known.kind)

    def _call(self, function: Callable[[], object]) -> None:
        if self._stopping:
            return
        try:
            function()
        except Stopped:
            raise
        except Exception:
            log.exception("a function called by time failed")
        self._state.commit_memory()

    def _drop(self, kind: str, room_id: str) -> None:
        self._logs.drop(room_id)
        self._checks.drop(room_id)
        self._unwritten.add(kind)

    def _write(self) -> None:
        # Before the first sync nothing is known of a kind, which the file has to say.
        for kind in self._unwritten:
            if self._state.positions(kind) is not None:
                self._commit(kind)
        self._unwritten.clear()

    def _commit(self, kind: str) -> None:
        logs = self._logs
        self._state.commit(kind, logs.positions(kind), logs.ends(kind), logs.told(kind))

    def _idle_seconds(self) -> float | None:
        planned = [
            *self._syncs.values(),
            self._checks.next_due(),
            self._membership_requests.next_due(),
            self._timers.next_due(),
        ]
        dues = [due for due in planned if due is not None]
        return max(0.0, min(dues) - self._clock()) if dues else None


def _end_of(room: dict[str, Any], position: int) -> End:
    """Return what is known of the message at a position when a room is new to the bot."""
    last = room["last_message"]
    if last is None or last["seq"] != position:
        return End()
    return End(last["id"], last["created_at"])


def _parts(positions: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield payloads of `sync` that together name all positions, at least one.

    Each speaks of a stretch of room ids, so that a room that is new comes with one of them.
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
