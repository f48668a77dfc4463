"""Reading what somebody typed to find messages: words, "phrases" and operators such as `from:`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Literal

from chat.text.normalization import FULL_WIDTH
from chat.text.terms import Phrase, Token, tokens_of

Has = Literal["file", "link"]

QUOTED = '"([^"]*)"?|[“”„«]([^”“»]*)[”“»]?|「([^」]*)」?|『([^』]*)』?'
UNQUOTED = r'[^\s"“„«「『]+'
OPERATORS = {
    "from": "from",
    "来自": "from",
    "來自": "from",
    "in": "in",
    "在": "in",
    "before": "before",
    "之前": "before",
    "after": "after",
    "之后": "after",
    "之後": "after",
    "has": "has",
    "有": "has",
}
HAS: dict[str, Has] = {
    "file": "file",
    "files": "file",
    "文件": "file",
    "檔案": "file",
    "link": "link",
    "links": "link",
    "链接": "link",
    "連結": "link",
}
PART = re.compile(
    f"(?P<name>{'|'.join(OPERATORS)}):(?P<value>{QUOTED}|{UNQUOTED})|{QUOTED}|{UNQUOTED}",
    re.IGNORECASE,
)
DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
DAY = timedelta(days=1)


class QueryError(ValueError):
    """What was typed has no meaning; `key` is that of the text for people.

    `field` is the name of the value, or "q" for one in the query itself.
    """

    def __init__(self, key: str, field: str) -> None:
        super().__init__(key)
        self.key = key
        self.field = field


@dataclass(frozen=True, slots=True)
class Query:
    """What a message must have; empty conditions are none.

    `since` and `until` are milliseconds, the first included and the second not.
    """

    phrases: tuple[Phrase, ...] = ()
    sender: str = ""  # a username
    room: str = ""  # of the name of a room
    since: int | None = None
    until: int | None = None
    has: frozenset[Has] = field(default_factory=frozenset)

    @property
    def words(self) -> list[str]:
        """Return the phrases as folded texts, for highlighting."""
        return [_text_of(phrase) for phrase in self.phrases]


def parse(typed: str, utc_offset: int = 0, **given: str) -> Query:
    """Return the query that was typed; days begin `utc_offset` minutes before those of UTC.

    `given` are values of operators that count more than typed ones. Raises QueryError.
    """
    phrases: dict[Phrase, None] = {}
    values: dict[str, str] = {}
    has: set[Has] = {_has(given["has"], "has")} if "has" in given else set()
    for part in PART.finditer(typed.translate(FULL_WIDTH)):
        quoted = next((text for text in part.groups()[2:] if text is not None), None)
        name = OPERATORS[part["name"].lower()] if part["name"] else None
        if name is None:
            tokens = tuple(tokens_of(part[0] if quoted is None else quoted))
            if tokens:
                phrases[Phrase(tokens, is_open=quoted is None)] = None
            continue
        value = part["value"] if quoted is None else quoted
        if name == "has":
            has.add(_has(value, "q"))
        else:
            values[name] = value
    values |= given

    def day(name: str) -> datetime | None:
        return _day(values[name], name if name in given else "q") if name in values else None

    since, until = day("after"), day("before")
    return Query(
        phrases=tuple(phrases),
        sender=values.get("from", "").lstrip("@"),
        room=values.get("in", "").lstrip("#"),
        since=_milliseconds(since + DAY if since else None, utc_offset),
        until=_milliseconds(until, utc_offset),
        has=frozenset(has),
    )


def _has(value: str, field: str) -> Has:
    try:
        return HAS[value.lower()]
    except KeyError:
        raise QueryError("invalid.has", field) from None


def _day(typed: str, field: str) -> datetime:
    """Return the beginning of a day in UTC; raise QueryError."""
    found = DATE.fullmatch(typed)
    try:
        if found is None:
            raise ValueError
        day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    except ValueError:
        raise QueryError("invalid.day", field) from None
    if day.year == MAXYEAR:  # the day after it may be none
        raise QueryError("invalid.day", field)
    return day


def _milliseconds(moment: datetime | None, utc_offset: int) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000) - utc_offset * 60_000


def _text_of(phrase: Phrase) -> str:
    """Return the tokens, with spaces except between characters that touch."""
    first, *others = phrase.tokens
    return first.text + "".join(_spaced(token) for token in others)


def _spaced(token: Token) -> str:
    return token.text if token.touches else f" {token.text}"
