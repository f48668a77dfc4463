"""Planning the rooms: direct or group, and a group's number, name and owner."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from bson import ObjectId

from chat.adoption.left_out import LeftOut
from chat.adoption.logs import Logs
from chat.adoption.members import Members
from chat.adoption.people import People
from chat.adoption.present import Present
from chat.adoption.references import References
from chat.adoption.report import Report
from chat.adoption.source import Found, Source
from chat.adoption.variants import Document, made_at, text, times, without
from chat.models import RoomKind
from chat.repositories.rooms import member_key
from chat.schemas.rooms import MAX_NAME

NUMBER = re.compile(r"[0-9]{9}")
DIRECT = 1  # a value of `room_type`; 2 is a group


@dataclass
class Rooms:
    """All rooms of the source: their references, and those to convert."""

    references: References
    old: dict[ObjectId, Found] = field(default_factory=dict)
    known: set[ObjectId] = field(default_factory=set)
    new: list[Found] = field(default_factory=list)  # with documents in the present format
    unnumbered: list[ObjectId] = field(default_factory=list)  # in place: to lose their number
    owners: dict[ObjectId, ObjectId] = field(default_factory=dict)  # of groups


def read_rooms(source: Source, present: Present, report: Report) -> Rooms:
    """Read the rooms and register their references."""
    rooms = Rooms(References("rooms", report))
    for found in source.read("room"):
        id_ = rooms.references.add(found.document)
        rooms.known.add(id_)
        there = present.rooms.get(id_)
        if there is None:
            rooms.old[id_] = found
        else:
            report.add("rooms", present=True)
            owner = there.get("user_identity")
            if isinstance(owner, ObjectId):
                rooms.owners[id_] = owner
    return rooms


def leave_out_empty(rooms: Rooms, members: Members, left_out: LeftOut) -> set[ObjectId]:
    """Take out the rooms without members and return their ids."""
    empty = {id_ for id_ in rooms.old if not members.of_room[id_]}
    for id_ in empty:
        left_out.add("room", rooms.old.pop(id_), "rooms without members")
    return empty


class RoomPlanner:
    """Converts the old rooms one by one, with the numbers and pairs taken so far."""

    def __init__(
        self,
        rooms: Rooms,
        members: Members,
        people: People,
        logs: Logs,
        present: Present,
        report: Report,
        direct_when_two: bool,
    ) -> None:
        self._rooms = rooms
        self._members = members
        self._people = people
        self._logs = logs
        self._report = report
        self._direct_when_two = direct_when_two
        self._numbers = {text(room, "number") for room in present.rooms.values()}
        self._keys = {text(room, "member_key") for room in present.rooms.values()}

    def plan(self) -> None:
        """Plan all old rooms."""
        # Of several rooms of the same two users, the one with most messages becomes direct.
        direct_first = sorted(
            self._rooms.old, key=lambda id_: (-self._logs.sizes[id_], self._age(id_))
        )
        keys = {id_: self._direct_key(id_) for id_ in direct_first}
        # Of two groups with the same number the older one keeps it.
        for id_ in sorted(self._rooms.old, key=self._age):
            found, key = self._rooms.old[id_], keys[id_]
            document = self._direct(id_, found, key) if key else self._group(id_, found)
            self._rooms.new.append(Found(document, found.replaces))
            if found.replaces and document.get("number") != found.document.get("number"):
                self._rooms.unnumbered.append(id_)
            kind: RoomKind = "direct" if key else "group"
            self._report.add("rooms", present=False, kind=kind)

    def _age(self, id_: ObjectId) -> tuple[int, ObjectId]:
        return made_at(self._rooms.old[id_].document), id_

    def _direct_key(self, id_: ObjectId) -> str | None:
        """Return the key of the two members, or None if the room becomes a group."""
        members, types = self._members.of_room[id_], self._members.types[id_]
        if types - {DIRECT} or not (types or self._direct_when_two):
            if DIRECT in types:
                self._report.note("rooms both one to one and group: become groups", id_)
            return None
        if len(members) != 2:
            if types:
                some = "one member" if len(members) == 1 else "more than two members"
                self._report.note(f"one-to-one rooms with {some}: become groups", id_)
            return None
        key = member_key(str(members[0]), str(members[1]))
        if key in self._keys:
            self._report.note("second one-to-one rooms of the same two: become groups", id_)
            return None
        self._keys.add(key)
        return key

    def _direct(self, id_: ObjectId, found: Found, key: str) -> Document:
        old = found.document
        lost = [text(old, name) for name in ("number", "name") if text(old, name)]
        if lost:
            self._report.note(
                "direct rooms had a number or a name, which these have not: dropped",
                f"{id_} {' '.join(lost)}",
            )
        kept = without(old, "number", "name", "info", "user_identity")
        return {**kept, **self._common(id_, old), "kind": "direct", "member_key": key}

    def _group(self, id_: ObjectId, found: Found) -> Document:
        old = found.document
        owner = self._owner(id_, found)
        self._rooms.owners[id_] = owner
        return {
            **without(old, "member_key"),
            **self._common(id_, old),
            "kind": "group",
            "number": self._number(id_, found),
            "name": self._name(id_, old),
            "info": text(old, "info"),
            "user_identity": owner,
        }

    def _common(self, id_: ObjectId, old: Document) -> Document:
        # The end of the log is written after the log, so that it is never ahead of it.
        return {"_id": id_, "last_seq": 0, "last_message": None, **times(old)}

    def _owner(self, id_: ObjectId, found: Found) -> ObjectId:
        creator = self._people.references.find(found.document.get("user_identity"))
        if creator is not None and creator in self._members.of_room[id_]:
            return creator
        new = self._members.new_of(id_)
        owner = new[0].user if new else self._members.of_room[id_][0]
        self._report.note(
            "groups whose creator is not in them: the oldest member becomes the owner", id_
        )
        return owner

    def _number(self, id_: ObjectId, found: Found) -> str:
        old = text(found.document, "number")
        if NUMBER.fullmatch(old) and old not in self._numbers:
            self._numbers.add(old)
            return old
        number = next(new for new in _made_up(id_) if new not in self._numbers)
        self._numbers.add(number)
        why = "is taken" if old in self._numbers else "is not of 9 digits" if old else "was missing"
        self._report.note(f"groups that get a new number, theirs {why}", f"{old} → {number}")
        return number

    def _name(self, id_: ObjectId, old: Document) -> str:
        name = text(old, "name").strip()
        if not name:
            everybody = {*self._members.of_room[id_], *self._logs.senders[id_]}
            name = ", ".join(sorted(filter(None, map(self._people.names.get, everybody)))) or "?"
            self._report.note("groups without a name: called after their people", id_)
        elif len(name) > MAX_NAME:
            self._report.note(f"names of groups longer than {MAX_NAME}: cut", f"{id_} {name}")
        return name[:MAX_NAME].strip()


def _made_up(id_: ObjectId) -> Iterator[str]:
    """Yield pseudorandom numbers, the same at each call, so that a dry run shows the real ones."""
    for attempt in count():
        digest = hashlib.sha256(f"{id_} {attempt}".encode()).digest()
        yield str(100_000_000 + int.from_bytes(digest[:8]) % 900_000_000)
