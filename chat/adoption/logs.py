"""Planning each room's log: the order and the seqs of its messages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

from bson import ObjectId

from chat.adoption.left_out import LeftOut
from chat.adoption.present import Present
from chat.adoption.references import References
from chat.adoption.report import Report
from chat.adoption.source import Found, Show, Source
from chat.adoption.variants import created_at, id_of, made_at, reference, text
from chat.schemas.messages import MAX_DATA

Entry = tuple[int, ObjectId]  # when it was sent, and its id
Place = tuple[ObjectId, int, ObjectId]  # room, seq, message


@dataclass
class Logs:
    """The seqs of all messages to write, and the resulting end of each room's log."""

    seqs: dict[ObjectId, int] = field(default_factory=dict)
    heads: dict[ObjectId, tuple[int, ObjectId]] = field(default_factory=dict)  # room: seq, message
    marked: dict[str, Place] = field(default_factory=dict)
    sizes: Counter[ObjectId] = field(default_factory=Counter)  # messages of each room
    senders: dict[ObjectId, set[ObjectId]] = field(default_factory=lambda: defaultdict(set))


def plan_logs(
    source: Source,
    present: Present,
    users: References,
    rooms: References,
    empty: Collection[ObjectId],
    marks: Collection[str],
    left_out: LeftOut,
    report: Report,
    show: Show[Found],
) -> Logs:
    """Number the messages of each room by time, then `_id`, after those already adopted.

    `empty` are rooms that will not be adopted, `marks` references to messages to be located.
    """
    logs = Logs()
    entries: dict[ObjectId, list[Entry]] = defaultdict(list)
    wanted: dict[str, ObjectId] = {}
    for found in show(source.read("message"), source.size("message"), "reading messages"):
        document, id_ = found.document, id_of(found.id)
        for name in (document.get("_id"), document.get("identity")):
            if reference(name) in marks:
                wanted[reference(name)] = id_
        if id_ in present.messages:
            report.add("messages", present=True)
            logs.sizes[present.messages[id_][0]] += 1
            continue
        room = rooms.find(document.get("room_identity"))
        if room is None:
            left_out.add("message", found, "messages of rooms that do not exist")
        elif room in empty:
            left_out.add("message", found, "messages of rooms without members")
        else:
            report.add("messages", present=False)
            entries[room].append((made_at(document), id_))
            logs.sizes[room] += 1
            sender = users.find(document.get("user_identity"))
            if sender is not None:
                logs.senders[room].add(sender)
            _note(found, sender, report)
    _number(logs, entries, present)
    _place(logs, wanted, entries, present)
    return logs


def _note(found: Found, sender: ObjectId | None, report: Report) -> None:
    if sender is None:
        report.note("messages whose sender does not exist: kept, without a name", found.id)
    if created_at(found.document) is None:
        report.note("messages without a time: theirs is that of their _id", found.id)
    if len(text(found.document, "data")) > MAX_DATA:
        report.note(
            f"messages longer than {MAX_DATA} characters: cut, the whole kept as data_whole",
            found.id,
        )


def _number(logs: Logs, entries: dict[ObjectId, list[Entry]], present: Present) -> None:
    taken: dict[ObjectId, set[int]] = defaultdict(set)
    for id_, (room, seq) in present.messages.items():
        taken[room].add(seq)
        if seq > logs.heads.get(room, (0, id_))[0]:
            logs.heads[room] = seq, id_
    for room, found in entries.items():
        for (_, id_), seq in zip(sorted(found), _free(taken[room]), strict=False):
            logs.seqs[id_] = seq
            if seq > logs.heads.get(room, (0, id_))[0]:
                logs.heads[room] = seq, id_


def _free(taken: set[int]) -> Iterator[int]:
    """Yield the numbers from 1 on that are not taken; an interrupted run may have left gaps."""
    return (seq for seq in count(1) if seq not in taken)


def _place(
    logs: Logs,
    wanted: dict[str, ObjectId],
    entries: dict[ObjectId, list[Entry]],
    present: Present,
) -> None:
    """Record the room and seq of the messages to which read marks refer."""
    rooms = {id_: room for room, found in entries.items() for _, id_ in found} if wanted else {}
    for mark, id_ in wanted.items():
        if id_ in present.messages:
            logs.marked[mark] = (*present.messages[id_], id_)
        elif id_ in rooms:
            logs.marked[mark] = rooms[id_], logs.seqs[id_], id_
