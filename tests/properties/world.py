"""A world for a bot in which time, network and server are a model, and all that reads is real."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat.bots.calls import Calls
from chat.bots.connection import NAMESPACES
from chat.bots.delivery import Delivery
from chat.bots.errors import UNAVAILABLE, BotError
from chat.bots.inbox import Inbox
from chat.bots.log import Entry, RoomLogs
from chat.bots.outbox import Outbox
from chat.bots.reader import Reader
from chat.bots.state import State, Unsent
from chat.bots.timers import Timers

ROBOT, PERSON = "robot", "person"
_numbers = itertools.count(1)
# Seconds after which a change that lost a race is in the log at the latest: a later change finds
# the message as the winner left it, and is refused or takes effect.
RACE = 30.0
PAGE = 3  # messages in one answer; small, so that a few messages are several pages


class Crash(BaseException):
    """The bot dies on the spot."""


@dataclass
class Room:
    """A room of the server: its log, and from where on the bot has to handle it."""

    id: str
    kind: str
    entries: list[Entry] = field(default_factory=list)
    joined_at: int | None = None  # the seq behind which it begins, once the bot is a member
    changes: list[tuple[int, bool]] = field(default_factory=list)  # seq, and whether it had effect
    changed_at: dict[int, float] = field(default_factory=dict)  # with effect, by seq
    changes_from: int | None = None  # the rev behind which the bot follows changes
    is_past_known: bool = True  # nothing was taken back without a new epoch

    def store(self, user_id: str, client_id: str) -> tuple[Entry, bool]:
        """Return the stored entry and whether it is new."""
        for entry in self.entries:
            if (entry["user_id"], entry["client_id"]) == (user_id, client_id):
                return entry, False
        seq = len(self.entries) + 1
        number = next(_numbers)  # also in another past no message has the id of an earlier one
        entry = {
            "id": f"{self.id}{number}",
            "room_id": self.id,
            "user_id": user_id,
            "client_id": client_id,
            "seq": seq,
            "created_at": number,
            "version": 0,
        }
        self.entries.append(entry)
        return entry, True

    def change(self, seq: int, loses: bool, now: float) -> None:
        """Append to the log of changes; one that loses a race against the last has no effect."""
        has_effect = not (loses and now - self.changed_at.get(seq, -math.inf) < RACE)
        if has_effect:
            self.changed_at[seq] = now
        self.changes.append((seq, has_effect))
        old = self.entries[seq - 1]
        self.entries[seq - 1] = old | {"version": old["version"] + has_effect}

    def changed(self, after: int, limit: int, upto: int | None = None) -> dict[str, Any]:
        """Return what changed after a rev, as the server does."""
        end = len(self.changes) if upto is None else upto
        seqs = list[int]()
        last = after
        for rev in range(after + 1, end + 1):
            seq, _ = self.changes[rev - 1]
            if seq not in seqs and len(seqs) == limit:
                break
            seqs += [seq] if seq not in seqs else []
            last = rev
        return {
            "room_id": self.id,
            "messages": [self.entries[seq - 1] for seq in seqs],
            "after_rev": after,
            "last_rev": min(last, end),
            "has_more": last < end,
            "reset": after > end,
        }

    def set_back(self, length: int) -> list[Entry]:
        """Drop what was said behind a seq, and what was done from the first change of it on."""
        lost = self.entries[length:]
        del self.entries[length:]
        self.changed_at = {seq: at for seq, at in self.changed_at.items() if seq <= length}
        revs = [rev for rev, (seq, _) in enumerate(self.changes) if seq > length]
        first = min(revs, default=len(self.changes))
        for seq, has_effect in self.changes[first:]:
            if seq <= length:
                old = self.entries[seq - 1]
                self.entries[seq - 1] = old | {"version": old["version"] - has_effect}
        del self.changes[first:]
        return lost

    def page(self, after: int, limit: int) -> dict[str, Any]:
        """Return what comes after a seq, as the server's history does."""
        found = self.entries[after : after + limit]
        has_more = after + limit < len(self.entries)
        return {"messages": found, "has_more": has_more, "last_rev": len(self.changes)}

    def page_before(self, before: int, limit: int) -> dict[str, Any]:
        """Return what comes before a seq, as the server's history does."""
        return {"messages": self.entries[: before - 1][-limit:], "has_more": before - 1 > limit}

    def stands_at(self, seq: int, message_id: str | None) -> bool:
        """Tell whether it is this message that stands there, where one is named."""
        return seq == 0 or message_id in (None, self.entries[seq - 1]["id"])

    def described(self) -> dict[str, Any]:
        """Return the room as its member gets it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "last_seq": len(self.entries),
            "last_rev": len(self.changes),
            "last_read_seq": self.joined_at,
            "last_message": self.entries[-1] if self.entries else None,
        }

    def to_handle(self) -> list[str]:
        """Return the ids of what the bot has to handle, in order."""
        after = None if self.joined_at is None else self.entries[self.joined_at :]
        return [entry["id"] for entry in after or [] if entry["user_id"] != ROBOT]


class World:
    """The server, the network before it, the clock; and one bot, which may die and come back.

    Nothing happens by itself: pushes wait in `under_way` until they are delivered or dropped, and
    time goes on only in `live` and while the bot waits for an answer.
    """

    def __init__(self, file: Path) -> None:
        self.now = 0.0
        self.rooms: dict[str, Room] = {}
        self.under_way: list[tuple[str, str, Any]] = []
        self.online = True
        self.unanswered = 0  # so many of the next requests get no answer
        self.crash_at: str | None = None  # where in handling or sending the bot will die,
        self.spared = 0  # but not the first so many times that it comes there
        self.handled: list[str] = []  # ids, in order
        self.begun: set[str] = set()  # the messages amid which the bot died
        self.shown: dict[str, list[int]] = {}  # by id, in which versions the bot's author saw it
        self.begun_changes: set[str] = set()  # the changed messages amid which the bot died
        self.requests = 0
        self.epoch = self.known_epoch = "1"
        self._file = file
        self.start_bot()

    # The server and the people on it

    def add_room(self, room_id: str, kind: str, said_before: int = 0) -> Room:
        """Make a room in which people have been talking among themselves."""
        room = self.rooms[room_id] = Room(room_id, kind)
        for _ in range(said_before):
            self.say(room)
        return room

    def let_in(self, room: Room) -> None:
        """Make the bot a member. A direct room is all its own, a group from here on."""
        room.joined_at = 0 if room.kind == "direct" else len(room.entries)
        self._push(room, "room_created", room.described())

    def say(self, room: Room) -> None:
        """Let a person say something."""
        entry, _ = room.store(PERSON, f"p{len(room.entries)}")
        self._push(room, "message_created", entry)

    def change(self, room: Room, changes: list[tuple[int, bool]]) -> None:
        """Let people change messages; each change is pushed alone, with what is true after all."""
        before = len(room.changes)
        for seq, has_effect in changes:
            room.change(seq, not has_effect, self.now)
        for rev in range(before, len(room.changes)):
            self._push(room, "messages_changed", room.changed(rev, 1, upto=rev + 1))

    def restore(self, lengths: dict[str, int], renew_epoch: bool) -> list[Entry]:
        """Set the logs back to so many entries; return those that are lost.

        Nobody is connected meanwhile, so what is under way never arrives.
        """
        lost = []
        for room in self.rooms.values():
            length = max(lengths.get(room.id, len(room.entries)), room.joined_at or 0)
            taken_back = room.set_back(length)
            lost += taken_back
            room.is_past_known = renew_epoch or (room.is_past_known and not taken_back)
            if renew_epoch:
                room.changes_from = None
        if renew_epoch:
            self.epoch += "+"
            self.shown.clear()
        self.under_way.clear()
        self.disconnect()
        return lost

    def disconnect(self) -> None:
        """Break the bot's connection; pushes under way may come late or never.

        The bot tries to connect at once. A push that is delivered before `connect` comes over a
        connection of which the bot does not know yet.
        """
        self.online = False
        self._inbox.connecting()

    def connect(self) -> None:
        """Let the bot be connected again."""
        if not self.online:
            self.online = True
            self._inbox.connected()

    def deliver(self, index: int, keep: bool = False) -> None:
        """Let a push arrive, which then is still under way when it is to come again."""
        push = self.under_way[index] if keep else self.under_way.pop(index)
        self._inbox.push(*push)

    # The bot

    def start_bot(self) -> None:
        """Start the bot from what is in its file; whatever it knew besides is gone."""
        self._state = State(self._file)
        self._state.claim(ROBOT)
        self._logs = RoomLogs()
        self._inbox = _Inbox(self)
        link: Any = _Link(self)
        session: Any = _Session(self)
        self._outbox = Outbox(self._state, Calls(link, session, self._logs))
        self._reader = Reader(
            inbox=self._inbox,
            link=link,
            session=session,
            delivery=Delivery(self._state, self._logs, self._handle, self._handle_change),
            timers=Timers(),
            on_ready=lambda: None,
            clock=lambda: self.now,
        )
        self.online = True
        self._inbox.connected()
        self._outbox.send_leftovers()
        self._reader.begin()

    def live(self, seconds: float) -> None:
        """Let so much time pass for the bot; what is in its inbox is read in any case."""
        self._inbox.until = self.now + seconds
        while self.now < self._inbox.until or not self._inbox.empty():
            self._reader.run_once()

    def bot_says(self, room: Room, client_id: str) -> None:
        """Let the bot say something that is no reply."""
        self._outbox.send(Unsent(client_id, "hello", room.id))

    def missing(self) -> dict[str, list[str]]:
        """Return what the bot has not handled yet, by room."""
        handled = set(self.handled)
        missing = {
            room.id: [id for id in room.to_handle() if id not in handled]
            for room in self.rooms.values()
        }
        return {room_id: ids for room_id, ids in missing.items() if ids}

    def undelivered(self) -> dict[str, dict[str, int]]:
        """Return of which messages the bot's author does not know the present version, by room."""
        found: dict[str, dict[str, int]] = {}
        for room in self.rooms.values():
            if room.changes_from is None or not room.is_past_known:
                continue
            for seq, has_effect in room.changes[room.changes_from :]:
                entry = room.entries[seq - 1]
                if has_effect and self.shown.get(entry["id"], [0])[-1] != entry["version"]:
                    found.setdefault(room.id, {})[entry["id"]] = entry["version"]
        return found

    def _handle_change(self, kind: str, entry: Entry) -> bool:
        """Note what people changed, as `Bot` and a handler of its author do."""
        assert kind == self.rooms[entry["room_id"]].kind
        self._record_shown(entry, again=entry["id"] in self.begun_changes)
        self.begun_changes.add(entry["id"])
        self._maybe_crash("while handling a change")
        self.begun_changes.remove(entry["id"])
        return True

    def _record_shown(self, entry: Entry, again: bool) -> None:
        """Note in which version the bot's author sees a message, again where it died before."""
        versions = self.shown.setdefault(entry["id"], [])
        if again and versions:
            versions.pop()
        versions.append(entry["version"])

    def _handle(self, kind: str, entry: Entry) -> bool:
        """Note and answer what people say, as `Bot` and a handler of its author do."""
        assert kind == self.rooms[entry["room_id"]].kind
        if entry["user_id"] == ROBOT:
            return False
        self._record_shown(entry, again=entry["id"] in self.begun)
        if entry["id"] in self.begun:  # called again: it had not come to its end
            self.handled.remove(entry["id"])
        self.begun.add(entry["id"])
        self.handled.append(entry["id"])
        self._maybe_crash("before replying")
        self._outbox.send(Unsent(f"re-{entry['id']}", "reply", entry["room_id"]))
        self._maybe_crash("after replying")
        self.begun.remove(entry["id"])
        return True

    def _maybe_crash(self, here: str) -> None:
        if self.crash_at != here:
            return
        self.spared -= 1
        if self.spared < 0:
            self.crash_at = None
            raise Crash

    # What the fakes below stand on

    def _push(self, room: Room, event: str, payload: Any) -> None:
        if room.joined_at is not None:
            self.under_way.append((room.kind, event, payload))

    def _answer(self) -> None:
        """Pass where there is an answer; else it took a moment to notice that there is none."""
        self.requests += 1
        if self.unanswered or not self.online:
            self.unanswered = max(0, self.unanswered - 1)
            self.now += 1.0
            raise BotError(UNAVAILABLE, "no answer")

    def sync(
        self, kind: str, seen: dict[str, int], ids: dict[str, str], revs: dict[str, int]
    ) -> dict[str, Any]:
        """Answer `sync` as the server does."""
        self._answer()
        if self.known_epoch != self.epoch:  # from here on everything is of another past
            self.known_epoch = self.epoch
            self.shown.clear()
        mine = {
            room.id: room
            for room in self.rooms.values()
            if room.kind == kind and room.joined_at is not None
        }
        rooms = {}
        for room_id, after in seen.items():
            last_seq = len(mine[room_id].entries)
            if after > last_seq or not mine[room_id].stands_at(after, ids.get(room_id)):
                page = {"messages": [], "has_more": False, "reset": True}
            else:
                page = mine[room_id].page(after, PAGE) | {"reset": False}
            rooms[room_id] = page | {"last_seq": last_seq}
            rooms[room_id].pop("last_rev", None)
            if room_id in revs:
                changed = mine[room_id].changed(revs[room_id], PAGE)
                rooms[room_id] |= {
                    "changed": changed["messages"],
                    "last_rev": changed["last_rev"],
                    "has_more_changes": changed["has_more"],
                    "reset": page["reset"] or changed["reset"],
                }
        joined = [self.told_of(room) for room in mine.values() if room.id not in seen]
        return {"epoch": self.epoch, "rooms": rooms, "joined": joined, "gone": []}

    def told_of(self, room: Room) -> dict[str, Any]:
        """Return a room as the bot gets it when it asks: it follows changes from there on."""
        if room.changes_from is None and self.known_epoch == self.epoch:  # else it will ask again
            room.changes_from = len(room.changes)
        return room.described()

    def listed(self) -> list[dict[str, Any]]:
        """Answer the call for all rooms; rooms it does not follow come by `sync`."""
        self._answer()
        return [
            self.told_of(room) if room.id in self._logs else room.described()
            for room in self.rooms.values()
            if room.joined_at is not None
        ]

    def changed(self, room_id: str, after_rev: int, limit: int) -> dict[str, Any]:
        """Answer the call for what was changed in a room."""
        self._answer()
        return self.rooms[room_id].changed(after_rev, limit)

    def history(self, room_id: str, side: str, seq: int, limit: int) -> dict[str, Any]:
        """Answer the call for a page of a room, on one side of a seq."""
        self._answer()
        room = self.rooms[room_id]
        return room.page(seq, limit) if side == "after" else room.page_before(seq, limit)

    def store(self, room_id: str, client_id: str) -> Entry:
        """Take a message of the bot in; it is stored also when the answer to it is lost."""
        self._maybe_crash("before sending")
        if not self.online:
            self._answer()
        room = self.rooms[room_id]
        entry, new = room.store(ROBOT, client_id)
        if new:
            self._push(room, "message_created", entry)
        self._maybe_crash("after sending")
        self._answer()
        return entry


class _Inbox(Inbox):
    """In which waiting takes no time: the clock is put forward instead."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.until = 0.0
        self._world = world

    def get(self, timeout: float | None) -> tuple[str, str, Any] | None:
        push = super().get(0)
        if push is None:
            end = self.until if timeout is None else min(self.until, self._world.now + timeout)
            self._world.now = max(self._world.now, end)
        return push


class _Link:
    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, kind: str, event: str, payload: dict[str, Any]) -> Any:
        if event == "sync":
            return self._world.sync(kind, payload["rooms"], payload["ids"], payload.get("revs", {}))
        assert event == "send_message" and kind in NAMESPACES
        return self._world.store(payload["room_id"], payload["client_id"])

    def wait_online(self) -> None:
        self._world.connect()

    def pause(self, seconds: float) -> None:
        self._world.now += seconds


class _Session:
    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, method: str, path: str) -> Any:
        assert method == "GET"
        if path == "/users/me/invitations":
            return []
        history = r"/rooms/(\w+)/messages\?(after|before)_seq=(\d+)&limit=(\d+)"
        if page := re.fullmatch(history, path):
            return self._world.history(page[1], page[2], int(page[3]), int(page[4]))
        if page := re.fullmatch(r"/rooms/(\w+)/changes\?after_rev=(\d+)&limit=(\d+)", path):
            return self._world.changed(page[1], int(page[2]), int(page[3]))
        if path == "/rooms":
            return self._world.listed()
        return self._world.rooms[path.removeprefix("/rooms/")].described()
