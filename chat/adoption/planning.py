"""Planning an adoption: it reads everything and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bson import ObjectId
from pymongo.database import Database as MongoDatabase

from chat.adoption.conversion import member_document
from chat.adoption.left_out import LeftOut
from chat.adoption.logs import Logs, plan_logs
from chat.adoption.members import Membership, plan_members
from chat.adoption.people import People, plan_people
from chat.adoption.present import Present, read_present
from chat.adoption.report import Report
from chat.adoption.rooms import RoomPlanner, Rooms, leave_out_empty, read_rooms
from chat.adoption.source import Found, Show, Source
from chat.adoption.variants import Document


@dataclass
class Plan:
    """Everything to write. Of messages only the seqs, because writing reads them again."""

    people: People
    rooms: Rooms
    members: list[Found]
    logs: Logs
    left_out: LeftOut
    ends: dict[ObjectId, int]  # ends of logs that the documents of the rooms lack
    report: Report

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to do."""
        work = (
            self.people.new,
            self.rooms.new,
            self.members,
            self.logs.seqs,
            self.left_out.moving,
            self.ends,
        )
        return not any(work)


def make_plan(
    source: Source, target: MongoDatabase[Document], direct_when_two: bool, show: Show[Found]
) -> Plan:
    """Plan what to write to `target`; raise AdoptionError if it is impossible."""
    report = Report()
    left_out = LeftOut(report)
    present = read_present(target)
    people = plan_people(source, present, report)
    rooms = read_rooms(source, present, report)
    users = people.references
    members = plan_members(source, present, users, rooms.references, left_out, report)
    empty = leave_out_empty(rooms, members, left_out)
    marks = {mark for one in members.new.values() for mark in one.marks}
    logs = plan_logs(source, present, users, rooms.references, empty, marks, left_out, report, show)
    RoomPlanner(rooms, members, people, logs, present, report, direct_when_two).plan()
    written = [_member(one, rooms, logs, report) for one in members.new.values()]
    return Plan(people, rooms, written, logs, left_out, _ends(rooms, logs, present), report)


def _member(one: Membership, rooms: Rooms, logs: Logs, report: Report) -> Found:
    role = "owner" if rooms.owners.get(one.room) == one.user else "member"
    document = member_document(one, role, *_read_up_to(one, logs, report))
    return Found(document, one.found.replaces)


def _read_up_to(one: Membership, logs: Logs, report: Report) -> tuple[int, ObjectId | None]:
    """Return the read mark of a member; without one, everything counts as read.

    Otherwise users of an old server without marks would have years of unread messages.
    """
    head = logs.heads.get(one.room)
    known = [logs.marked[mark] for mark in one.marks if mark in logs.marked]
    marks = [(seq, id_) for room, seq, id_ in known if room == one.room]
    if one.marks and not marks:
        report.note("read marks at messages that do not exist: all is read", one.found.id)
    if marks:
        return max(marks)
    return head if head else (0, None)


def _ends(rooms: Rooms, logs: Logs, present: Present) -> dict[ObjectId, int]:
    return {
        room: seq
        for room, (seq, _) in logs.heads.items()
        if room in rooms.known and seq > present.rooms.get(room, {}).get("last_seq", 0)
    }
