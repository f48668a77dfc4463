"""Planning the memberships: one for each pair of room and user, from one or more documents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from bson import ObjectId

from chat.adoption.left_out import LeftOut
from chat.adoption.present import Present, is_present
from chat.adoption.references import References
from chat.adoption.report import Report
from chat.adoption.source import Found, Source
from chat.adoption.variants import reference, times

Pair = tuple[ObjectId, ObjectId]  # (room, user)


@dataclass
class Membership:
    """A membership to write. `marks` are references to the last read messages."""

    room: ObjectId
    user: ObjectId
    found: Found
    created_at: int
    updated_at: int
    marks: list[str] = field(default_factory=list)


@dataclass
class Members:
    """All memberships of the source, and those already adopted."""

    new: dict[Pair, Membership] = field(default_factory=dict)
    of_room: dict[ObjectId, list[ObjectId]] = field(default_factory=lambda: defaultdict(list))
    types: dict[ObjectId, set[int]] = field(default_factory=lambda: defaultdict(set))

    def new_of(self, room: ObjectId) -> list[Membership]:
        """Return a room's memberships to write, the oldest first."""
        found = [self.new[room, user] for user in self.of_room[room] if (room, user) in self.new]
        return sorted(found, key=lambda one: (one.created_at, one.user))


def plan_members(
    source: Source,
    present: Present,
    users: References,
    rooms: References,
    left_out: LeftOut,
    report: Report,
) -> Members:
    """Plan the memberships, merging duplicates."""
    members = Members()
    for room, user in present.members:
        members.of_room[room].append(user)
    for found in source.read("user_room"):
        document = found.document
        if found.replaces and is_present("user_room", document):
            report.add("memberships", present=True)
            continue
        user_id = users.find(document.get("user_identity"))
        room_id = rooms.find(document.get("room_identity"))
        if user_id is None:
            left_out.add("user_room", found, "memberships of users who do not exist")
        elif room_id is None:
            left_out.add("user_room", found, "memberships in rooms that do not exist")
        else:
            _add(members, present, (room_id, user_id), found, left_out, report)
    return members


def _add(
    members: Members,
    present: Present,
    pair: Pair,
    found: Found,
    left_out: LeftOut,
    report: Report,
) -> None:
    kind = found.document.get("room_type")
    if isinstance(kind, int | float):
        members.types[pair[0]].add(int(kind))
    if pair in present.members:
        if found.replaces:
            left_out.add("user_room", found, "double memberships, merged")
        else:
            report.add("memberships", present=True)
        return
    found_times = times(found.document)
    one = members.new.get(pair)
    if one is None:
        one = Membership(*pair, found, found_times["created_at"], found_times["updated_at"])
        members.new[pair] = one
        members.of_room[pair[0]].append(pair[1])
        report.add("memberships", present=False)
    else:
        left_out.add("user_room", found, "double memberships, merged")
        one.created_at = min(one.created_at, found_times["created_at"])
        one.updated_at = max(one.updated_at, found_times["updated_at"])
    mark = reference(found.document.get("message_identity"))
    if mark:
        one.marks.append(mark)
