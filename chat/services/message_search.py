"""Finding messages by what they say, in the rooms that one is in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from chat.concurrency import cooperatively
from chat.errors import InvalidInput
from chat.i18n import Text
from chat.limits.limits import Limits
from chat.limits.rules import MESSAGE_SEARCHES
from chat.log.room_log import RoomLog
from chat.models import FoundMessages, Message, Room, SearchCursor, User
from chat.repositories.search import EVERY, Candidate, SearchRepository
from chat.repositories.users import UserRepository
from chat.services.candidates import FIRST_ID, Candidates
from chat.services.membership_cache import MembershipCache
from chat.services.search_index import contents_of, has_term, sender_term
from chat.services.usernames import Usernames
from chat.text.normalization import fold
from chat.text.queries import Query, QueryError, parse
from chat.text.terms import TokenIndex, needed_terms, tokens_of

PAGE = 20
SECONDS = 0.2  # a search that finds little ends then and has a cursor, by which it goes on
MOST_AT_ONCE = 160
MAX_PHRASES = 20
ONESELF = ("me", "我")  # too short for usernames


@dataclass(frozen=True, slots=True)
class _Search:
    """A query with the sender's id, and the rooms in which it searches."""

    query: Query
    sender_id: str
    room_ids: frozenset[str]

    @property
    def terms(self) -> list[str]:
        """Return terms that all matching messages have; at least one."""
        terms = [term for phrase in self.query.phrases for term in needed_terms(phrase)]
        if self.sender_id:
            terms.append(sender_term(self.sender_id))
        return [*dict.fromkeys(terms + [*map(has_term, self.query.has)])] or [EVERY]

    def is_match(self, message: Message) -> bool:
        """Return whether a message, as it is now, is a hit."""
        query = self.query
        return (
            message.room_id in self.room_ids
            and not message.deleted
            and self.sender_id in ("", message.user_id)
            and (query.since is None or message.created_at >= query.since)
            and (query.until is None or message.created_at < query.until)
            and query.has <= set(contents_of(message))
            and self._has_phrases(message)
        )

    def _has_phrases(self, message: Message) -> bool:
        if not self.query.phrases:  # no need to read the text
            return True
        text = TokenIndex(cooperatively(tokens_of(message.data)))
        return all(text.has(phrase) for phrase in self.query.phrases)


class MessageSearch:
    """Finds messages. The index only names candidates: the messages themselves decide."""

    def __init__(
        self,
        *,
        search: SearchRepository,
        room_log: RoomLog,
        membership_cache: MembershipCache,
        users: UserRepository,
        usernames: Usernames,
        limits: Limits,
    ) -> None:
        self._search = search
        self._room_log = room_log
        self._membership_cache = membership_cache
        self._users = users
        self._usernames = usernames
        self._limits = limits

    def find(
        self,
        caller: User,
        q: str = "",
        room_id: str | None = None,
        cursor: SearchCursor | None = None,
        utc_offset: int = 0,
        **given: str,
    ) -> FoundMessages:
        """Return the newest messages that match a query, those before `cursor`.

        `given` are values of the query's operators, `from:` by the name `user`. Raises InvalidInput
        for a query that looks for nothing, and NotFound for a room in which the caller is not.
        """
        self._limits.count(MESSAGE_SEARCHES, caller.id)
        query = _parse(q, utc_offset, given)
        rooms = self._list_rooms(caller, room_id, query.room)
        sender = self._find_sender(caller, query.sender)
        if not rooms or (query.sender and sender is None):
            return FoundMessages((), tuple(query.words))
        search = _Search(query, sender.id if sender else "", frozenset(room.id for room in rooms))
        return self._find(search, cursor)

    def _find(self, search: _Search, cursor: SearchCursor | None) -> FoundMessages:
        query = search.query
        if query.until is not None:
            end = SearchCursor(query.until, FIRST_ID)
            cursor = end if cursor is None else min(cursor, end)
        deadline = time.monotonic() + SECONDS
        candidates = Candidates(self._search, search.room_ids, search.terms)
        newest = self._read(candidates.newest(cursor, query.since, deadline))
        hits: list[Message] = []
        for count, message in enumerate(cooperatively(newest), 1):
            if search.is_match(message):
                hits.append(message)
            # Some are always compared, so that each page gets on.
            if len(hits) == PAGE or (count >= PAGE and time.monotonic() > deadline):
                rest: SearchCursor | None = SearchCursor(message.created_at, message.id)
                break
        else:
            rest = candidates.rest
        return FoundMessages(tuple(hits), tuple(query.words), rest)

    def _read(self, candidates: Iterator[Candidate]) -> Iterator[Message]:
        """Yield the candidates as they are now; more are read together where few of them match."""
        at_once = PAGE
        while ids := [one.place.message_id for one in islice(candidates, at_once)]:
            found = {message.id: message for message in self._room_log.read_by_ids(ids)}
            yield from (found[message_id] for message_id in ids if message_id in found)
            at_once = min(2 * at_once, MOST_AT_ONCE)

    def _list_rooms(self, user: User, room_id: str | None, name: str) -> list[Room]:
        """Return the rooms in which a user may search now, of those with that name."""
        if room_id is not None:
            rooms = [self._membership_cache.require(user.id, room_id)[0]]
        else:
            rooms = [room for room, _ in self._membership_cache.list_cached(user.id)]
        if name:
            rooms = self._named(user, rooms, fold(name))
        return rooms

    def _named(self, user: User, rooms: Iterable[Room], key: str) -> list[Room]:
        """Return the groups with a part of a name, and the direct rooms with such people."""
        peers = {room.id: _peer_in(room, user) for room in rooms}
        names = self._usernames.find(peer for peer in peers.values() if peer)
        found = []
        for room in cooperatively(rooms):
            peer = peers[room.id]
            shown = names[peer] if peer else (room.name or "",)
            if any(key in fold(name) for name in shown):
                found.append(room)
        return found

    def _find_sender(self, user: User, name: str) -> User | None:
        if name in ONESELF:
            return user
        return self._users.find_by_username(name) if name else None


def _peer_in(room: Room, user: User) -> str | None:
    """Return the id of the other member of a direct room."""
    return next((one for one in room.member_ids if one != user.id), None)


def _parse(q: str, utc_offset: int, given: Mapping[str, str]) -> Query:
    """Return a query that looks for something; raise InvalidInput."""
    values = {"from" if name == "user" else name: value for name, value in given.items()}
    try:
        query = parse(q, utc_offset, **values)
    except QueryError as error:
        raise InvalidInput({error.field: [error.key]}) from None
    if not (query.phrases or query.sender or query.has):
        raise InvalidInput({"q": ["invalid.no_words"]})
    if len(query.phrases) > MAX_PHRASES:
        raise InvalidInput({"q": [Text("invalid.many_words", max=MAX_PHRASES)]})
    return query
