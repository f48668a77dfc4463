"""`flask --app chat.app rooms …`: the rooms, for an operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import click
from flask.cli import AppGroup

from chat.cli.columns import date, facts, line, moment
from chat.cli.common import confirmed, not_found_as, with_services
from chat.logs import escape
from chat.models import Room
from chat.services.room_administration import RoomView
from chat.wiring import services

rooms = AppGroup("rooms", help="The rooms, for an operator. ROOM is a number or an id.")


@rooms.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_services
def list_rooms(as_json: bool) -> None:
    """List the rooms: number, id, date of the last message, number of messages, name."""
    for room in services().room_administration.list_rooms():
        click.echo(json.dumps(_described(room)) if as_json else _line(room))


@rooms.command("show")
@click.argument("room")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all members.")
@with_services
def show_room(room: str, as_json: bool) -> None:
    """Show a room, its owner and its admins; never its messages."""
    with _known(room):
        found = services().room_administration.show_room(room)
    if as_json:
        members = [
            {"username": name, "id": one.user_id, "role": one.role} for name, one in found.members
        ]
        click.echo(
            json.dumps({**_described(found.room), "info": found.room.info, "members": members})
        )
        return
    for one in _facts(found):
        click.echo(one)


@rooms.command("end")
@click.argument("room")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_services
def end_room(room: str, yes: bool) -> None:
    """Delete a room of any kind with all its messages."""
    with _known(room):
        found = services().room_administration.get_room(room)
        confirmed(yes, f"Delete the {_title(found)} with all its messages for good?")
        services().room_administration.end_room(found.id)
    click.echo(f"The {_title(found)} is deleted.")


def _facts(found: RoomView) -> Iterator[str]:
    room = found.room

    def called(role: str) -> str:
        return ", ".join(name or one.user_id for name, one in found.members if one.role == role)

    pairs = [
        ("kind", room.kind),
        ("number", room.number),
        ("id", room.id),
        ("name", room.name),
        ("info", room.info),
        ("made", moment(room.created_at)),
        ("last active", moment(_active_at(room))),
        ("messages", room.last_seq),
        ("members", len(found.members)),
    ]
    if room.kind == "direct":
        return facts([*pairs, ("of", called("member"))])
    return facts([*pairs, ("owner", called("owner")), ("admins", called("admin"))])


def _line(room: Room) -> str:
    number = room.number or room.kind
    cells = [(number, 9), (room.id, 24), (date(_active_at(room)), 10), (room.last_seq, 9)]
    return line([*cells, (room.name or "", 20)])


def _active_at(room: Room) -> int:
    return room.last_message.created_at if room.last_message else room.created_at


def _title(room: Room) -> str:
    if room.kind == "direct":
        return f"direct room {room.id}"
    return f"group {escape(room.name or '')} ({room.number})"


def _described(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "kind": room.kind,
        "number": room.number,
        "name": room.name,
        "owner_id": room.owner_id,
        "messages": room.last_seq,
        "created_at": room.created_at,
        "active_at": _active_at(room),
    }


def _known(name: str) -> AbstractContextManager[None]:
    return not_found_as(f"There is no room {escape(name)}.")
