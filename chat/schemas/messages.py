"""Messages on the wire, and pages of them with a bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, get_type_hints

from marshmallow import ValidationError

from chat.models import Changes, File, Message, Page, Quote
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.writing import Encoded, write_json
from chat.text.visibility import is_blank

MAX_DATA = 4_000  # code points
MAX_CLIENT_ID = 64
MAX_PAGE = 100
PAGE_BYTES = 256 * 1024 - 1024  # of compact UTF-8 JSON, with space left for the envelope
ENCODED_MESSAGES = 128  # kept for the ack after the push: at most 24 KB each
MAX_FILES = 10  # of one message
MAX_NAMED = 10  # user ids listed for one emoji; the rest are only counted
# The fields of a new message, with their types.
FIRST_FIELDS = (
    "id",
    "room_id",
    "user_id",
    "seq",
    "client_id",
    "data",
    "created_at",
    "updated_at",
    "kind",
    "username",
    "nickname",
)
FILE_FIELDS = tuple(get_type_hints(File))
MESSAGE_FIELDS = {name: get_type_hints(Message)[name] for name in FIRST_FIELDS}


class PostMessageSchema(Schema):
    """A message posted to the room in the URL."""

    client_id = fields.String(required=True, min=1, max=MAX_CLIENT_ID)
    data = fields.String(required=True, max=MAX_DATA)
    reply_to = fields.Integer(min=1, allow_none=True, load_default=None)
    files = fields.Ids(most=MAX_FILES, load_default=())

    def load(self, data: Any, **kwargs: Any) -> Any:
        """Return the loaded data; raise ValidationError, also for neither text nor files."""
        # No `validates_schema`: with a hook, marshmallow would load all the slow way.
        loaded = super().load(data, **kwargs)
        if not loaded["files"] and is_blank(loaded["data"]):
            raise ValidationError({"data": ["invalid.blank"]})
        return loaded


class SendMessageSchema(PostMessageSchema):
    room_id = fields.Id(required=True)


class SendDirectSchema(PostMessageSchema):
    """A message to a user, or to a direct room by its id: exactly one of both."""

    room_id = fields.Id(load_default=None)
    to = fields.String(min=1, max=100, load_default=None)

    def load(self, data: Any, **kwargs: Any) -> Any:
        """Return the loaded data; raise ValidationError."""
        loaded = super().load(data, **kwargs)
        given = [name for name in ("to", "room_id") if loaded[name] is not None]
        if len(given) != 1:
            raise ValidationError({"to": ["invalid.not_both" if given else "invalid.required"]})
        return loaded


class HistorySchema(Schema):
    before_seq = fields.Integer(min=1, load_default=None)
    after_seq = fields.Integer(min=0, load_default=None)
    limit = fields.Integer(min=1, max=MAX_PAGE, load_default=50)


class ReadSchema(Schema):
    seq = fields.Integer(required=True, min=0)


class MarkReadSchema(ReadSchema):
    room_id = fields.Id(required=True)


class SeqSchema(Schema):
    room_id = fields.Id(required=True)
    seq = fields.Integer(required=True, min=1)


class EditSchema(Schema):
    data = fields.String(required=True, max=MAX_DATA)


class EditMessageSchema(SeqSchema, EditSchema):
    pass


class OnSchema(SeqSchema):
    on = fields.Boolean(required=True)


class EmojiSchema(Schema):
    emoji = fields.Emoji(required=True)


class ReactSchema(OnSchema, EmojiSchema):
    pass


class ReactionsSchema(Schema):
    emoji = fields.Emoji(load_default=None)
    after = fields.Integer(min=0, load_default=0)


class ChangesSchema(Schema):
    after_rev = fields.Integer(required=True, min=0)
    limit = fields.Integer(min=1, max=MAX_PAGE, load_default=50)


def read_pushed(payload: dict[str, Any]) -> Message:
    """Return the new message that another process pushed; raise KeyError or TypeError.

    Left out are quote and mentions, and fields that changes or a newer version of the server add.
    """
    named = {"nickname": payload["username"], **payload}
    kept = {name: value for name, value in named.items() if name in MESSAGE_FIELDS}
    for name, value in kept.items():
        if type(value) is not MESSAGE_FIELDS[name]:
            raise TypeError(name)
    files = tuple(
        File(**{name: file[name] for name in FILE_FIELDS}) for file in payload.get("files", ())
    )
    return Message(**kept, files=files)


def dump_message(message: Message, reader_id: str | None = None) -> dict[str, Any]:
    """Return a message as it is pushed, acked and listed.

    For a reader it also lists their own reactions, if the message has any reactions.

    A nickname equal to the username is left out, which saves 26 bytes for each member of the room.
    The other fields are always present, which is 126 bytes for a message without changes, quote
    and mentions, because null and empty are values of the contract.
    """
    own = {}
    if reader_id is not None and message.reactions:
        own["own_reactions"] = [one.emoji for one in message.reactions if one.user_id == reader_id]
    return {
        "id": message.id,
        "room_id": message.room_id,
        "user_id": message.user_id,
        **_dump_names(message),
        "seq": message.seq,
        "client_id": message.client_id,
        "kind": message.kind,
        "data": message.data,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
        "version": message.version,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
        "pinned": message.pinned,
        "reactions": _dump_reactions(message),
        **own,
        "reply_to": _dump_quote(message.quote) if message.quote else None,
        "mentions": list(message.mentions.user_ids),
        "mentions_all": message.mentions.all,
        "files": _dump_files(message.files),
    }


def encode_message(message: Message, reader_id: str | None = None) -> Encoded:
    """Return the JSON of `dump_message`.

    A message without reactions is the same for all readers. So its push and its ack are encoded
    once.
    """
    if reader_id is not None and message.reactions:
        return Encoded(write_json(dump_message(message, reader_id)))
    return _encode_for_all(message)


@lru_cache(ENCODED_MESSAGES)
def _encode_for_all(message: Message) -> Encoded:
    return Encoded(write_json(dump_message(message)))


def _dump_quote(quote: Quote) -> dict[str, Any]:
    """Return what a reply shows of the message that it replies to."""
    return {
        "seq": quote.seq,
        "version": quote.version,
        "user_id": quote.user_id,
        **_dump_names(quote),
        "data": quote.data,
        "deleted": quote.deleted,
        "files": _dump_files(quote.files),
    }


def _dump_names(sender: Message | Quote) -> dict[str, str]:
    """Return the names of a sender; a nickname equal to the username is left out."""
    names = {"username": sender.username}
    return names if sender.nickname == sender.username else {**names, "nickname": sender.nickname}


def _dump_files(files: Iterable[File]) -> list[dict[str, Any]]:
    return [asdict(file) for file in files]


def _dump_reactions(message: Message) -> list[dict[str, Any]]:
    """Return each emoji with its count and its first users, in order of first use."""
    by_emoji: dict[str, list[str]] = {}
    for one in message.reactions:
        by_emoji.setdefault(one.emoji, []).append(one.user_id)
    return [
        {"emoji": emoji, "count": len(user_ids), "user_ids": user_ids[:MAX_NAMED]}
        for emoji, user_ids in by_emoji.items()
    ]


def size_of(dumped: object) -> int:
    """Return the bytes of an element in a JSON list, with its comma."""
    return len(write_json(dumped)) + 1


def dump_page(
    page: Page,
    reader_id: str | None = None,
    newest_first: bool = False,
    budget: int = PAGE_BYTES,
) -> tuple[dict[str, Any], int]:
    """Return a page within `budget` bytes, and its bytes.

    Messages that do not fit are cut off, the oldest ones with `newest_first`, else the newest ones;
    then `has_more` is true.
    """
    kept: list[dict[str, Any]] = []
    used = 0
    for message in reversed(page.messages) if newest_first else page.messages:
        dumped = dump_message(message, reader_id)
        size = size_of(dumped)
        if used + size > budget:
            break
        kept.append(dumped)
        used += size
    has_more = page.has_more or len(kept) < len(page.messages)
    if newest_first:
        kept.reverse()
    return {"messages": kept, "has_more": has_more}, used


def dump_changes(
    changes: Changes, reader_id: str | None = None, budget: int = PAGE_BYTES
) -> tuple[dict[str, Any], int]:
    """Return changes within `budget` bytes, and their bytes.

    If some do not fit, `last_rev` is before the first of them and `has_more` is true.
    """
    kept: list[dict[str, Any]] = []
    used, last_rev, has_more = 0, changes.last_rev, changes.has_more
    for message, first_rev in zip(changes.messages, changes.first_revs, strict=True):
        dumped = dump_message(message, reader_id)
        size = size_of(dumped)
        if used + size > budget:
            last_rev, has_more = first_rev - 1, True
            break
        kept.append(dumped)
        used += size
    return {
        "messages": kept,
        "after_rev": changes.after_rev,
        "last_rev": last_rev,
        "has_more": has_more,
    }, used


def split_changes(changes: Changes, budget: int = PAGE_BYTES) -> Iterator[dict[str, Any]]:
    """Yield changes as the payloads of as many pushes as their size needs."""
    while True:
        dumped, _ = dump_changes(changes, budget=budget)
        kept = len(dumped["messages"])
        yield {name: dumped[name] for name in ("messages", "after_rev", "last_rev")}
        if kept == len(changes.messages):
            return
        changes = replace(
            changes,
            messages=changes.messages[kept:],
            first_revs=changes.first_revs[kept:],
            after_rev=dumped["last_rev"],
        )
