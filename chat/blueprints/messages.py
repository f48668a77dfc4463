"""Single messages over HTTP: read, edit, delete, react, pin; and the changes of a room."""

from __future__ import annotations

import re

from flask import Blueprint, Response

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, load, load_query
from chat.errors import NotFound
from chat.log.futures import StoredFuture, wait_for
from chat.middleware.deadline import seconds_left
from chat.schemas.messages import (
    ChangesSchema,
    EditSchema,
    EmojiSchema,
    ReactionsSchema,
    dump_changes,
    dump_message,
)
from chat.schemas.users import dump_user
from chat.wiring import services

messages = Blueprint("messages", __name__, url_prefix="/api/rooms/<room_id>")

SEQ = re.compile(r"[1-9][0-9]{0,14}")
ONE = "/messages/<seq>"


@messages.get(ONE)
@require_user
def get_message(identity: Identity, room_id: str, seq: str) -> Response:
    message = services().changes.get(identity.user, room_id, _read_seq(seq))
    return answer(dump_message(message, identity.user.id))


@messages.patch(ONE)
@require_user
def edit_message(identity: Identity, room_id: str, seq: str) -> Response:
    future = services().changes.edit(identity.user, room_id, _read_seq(seq), **load(EditSchema()))
    return _answer_changed(identity, future)


@messages.delete(ONE)
@require_user
def delete_message(identity: Identity, room_id: str, seq: str) -> Response:
    return _answer_changed(
        identity, services().changes.delete(identity.user, room_id, _read_seq(seq))
    )


@messages.get(f"{ONE}/reactions")
@require_user
def list_reactions(identity: Identity, room_id: str, seq: str) -> Response:
    query = load_query(ReactionsSchema())
    found = services().changes.reactions(identity.user, room_id, _read_seq(seq), **query)
    return answer(
        [{"user": dump_user(user), "emoji": one.emoji, "rev": one.rev} for user, one in found]
    )


@messages.put(f"{ONE}/reactions/<emoji>")
@require_user
def add_reaction(identity: Identity, room_id: str, seq: str, emoji: str) -> Response:
    return _react(identity, room_id, seq, emoji, on=True)


@messages.delete(f"{ONE}/reactions/<emoji>")
@require_user
def remove_reaction(identity: Identity, room_id: str, seq: str, emoji: str) -> Response:
    return _react(identity, room_id, seq, emoji, on=False)


@messages.put(f"{ONE}/pin")
@require_user
def pin_message(identity: Identity, room_id: str, seq: str) -> Response:
    return _answer_changed(
        identity, services().changes.pin(identity.user, room_id, _read_seq(seq), on=True)
    )


@messages.delete(f"{ONE}/pin")
@require_user
def unpin_message(identity: Identity, room_id: str, seq: str) -> Response:
    return _answer_changed(
        identity, services().changes.pin(identity.user, room_id, _read_seq(seq), on=False)
    )


@messages.get("/pins")
@require_user
def list_pins(identity: Identity, room_id: str) -> Response:
    found = services().changes.pins(identity.user, room_id)
    return answer([dump_message(message, identity.user.id) for message in found])


@messages.get("/changes")
@require_user
def list_changes(identity: Identity, room_id: str) -> Response:
    found = services().changes.changed_since(identity.user, room_id, **load_query(ChangesSchema()))
    return answer(dump_changes(found, identity.user.id)[0] | {"reset": found.reset})


def _read_seq(text: str) -> int:
    """Return the seq in a URL; raise NotFound for anything else than a positive number."""
    if not SEQ.fullmatch(text):
        raise NotFound()
    return int(text)


def _react(identity: Identity, room_id: str, seq: str, emoji: str, on: bool) -> Response:
    named = EmojiSchema().load({"emoji": emoji})
    future = services().changes.react(identity.user, room_id, _read_seq(seq), on=on, **named)
    return _answer_changed(identity, future)


def _answer_changed(identity: Identity, future: StoredFuture) -> Response:
    stored = wait_for(future, seconds_left())
    return answer(dump_message(stored.message, identity.user.id))
