"""What random clients send: JSON shaped by the schemas and not, on all routes and as all events."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from marshmallow.fields import Dict, Field

from chat.schemas import fields
from chat.schemas.base import Schema
from harness.people import UNKNOWN_ID
from tests.http.test_bad_input import GOOD, ROUTES, Route
from tests.sockets.test_events import EVENTS, FACES

Strategy = st.SearchStrategy[Any]

# Lone surrogates and NUL too.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
NUMBERS = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**53, -(2**63), 10**40, -0.0])
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
OPERATORS = st.sampled_from(
    [{"$gt": ""}, {"$ne": None}, {"$where": "1"}, ["a"], "$set", "a.b", "", " ", "x" * 5_000]
)
NAMES_OF_EVENTS = st.sampled_from(
    [*(event for _, event in EVENTS), "connect", "disconnect", "message", "*", "on_sync", "close"]
)


@dataclass(frozen=True)
class Pool:
    """What exists, for calls that come far: room and user ids, names, numbers and tokens."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    tokens: tuple[str, ...]

    def values(self, name: str, field: Field[Any]) -> Strategy:
        """Return what a field may be sent as: mostly fit, often known, sometimes neither."""
        known: dict[str, tuple[object, ...]] = {
            "room_id": self.ids,
            "to": self.names,
            "username": self.names,
            "number": self.numbers,
            "token": self.tokens,
        }
        fit: Strategy = ANY_TEXT
        if name in known:
            fit = st.sampled_from(known[name])
        elif isinstance(field, fields.Integer):
            fit = st.integers(-1, 100)
        elif isinstance(field, fields.Choice):
            fit = st.sampled_from(field.choices)
        elif isinstance(field, fields.Boolean):
            fit = st.booleans()
        elif isinstance(field, Dict):
            fit = st.dictionaries(st.sampled_from(self.ids) | ANY_TEXT, st.integers(-1, 2**53))
        elif name in GOOD:
            fit = st.just(GOOD[name]) | ANY_TEXT
        return st.one_of(fit, fit, fit, JSON, OPERATORS)

    def payloads(self, schema: Schema) -> Strategy:
        """Return payloads that have some of a schema's fields, and sometimes others."""
        every = {name: self.values(name, field) for name, field in schema.fields.items()}
        required = {name: every[name] for name, field in schema.fields.items() if field.required}
        optional = {name: value for name, value in every.items() if name not in required}
        shaped = st.fixed_dictionaries(required, optional=optional)
        return st.one_of(shaped, shaped, st.fixed_dictionaries({}, optional=every), JSON)

    def bodies(self, schema: type[Schema] | None) -> st.SearchStrategy[bytes]:
        """Return bodies: mostly JSON."""
        payloads = self.payloads(schema()) if schema else JSON
        text = st.builds(lambda payload: json.dumps(payload).encode(), payloads)
        return st.one_of(text, text, text, st.binary(max_size=100))

    def calls(self) -> st.SearchStrategy[tuple[Route, dict[str, str], bytes, dict[str, str], str]]:
        """Return HTTP calls: route, places in its path, body, query and token."""
        named = {name for route in ROUTES for name in re.findall(r"<(\w+)>", route.rule)}
        ids = st.sampled_from((*self.ids, UNKNOWN_ID))
        places = st.fixed_dictionaries(
            {
                name: (st.sampled_from(self.names) if name == "username" else ids) | ANY_TEXT
                for name in sorted(named)
            }
        )
        queries = st.dictionaries(
            st.sampled_from(["q", "limit", "before_seq", "after_seq", "x"]),
            st.integers(-1, 200).map(str) | ANY_TEXT,
            max_size=3,
        )
        tokens = st.sampled_from((*self.tokens, *self.tokens, "", "nonsense"))
        return st.sampled_from(ROUTES).flatmap(
            lambda route: st.tuples(
                st.just(route), places, self.bodies(route.body), queries, tokens
            )
        )

    def events(self) -> st.SearchStrategy[tuple[str, object, list[Any]]]:
        """Return events: namespace, name and arguments."""

        def of(where: tuple[str, str]) -> Strategy:
            namespace, event = where
            payload = self.payloads(FACES[namespace].events[event])
            return st.tuples(st.just(namespace), st.just(event), st.tuples(payload).map(list))

        namespaces = st.sampled_from(list(FACES))
        shaped = st.sampled_from(EVENTS).flatmap(of)
        wild = st.tuples(namespaces, NAMES_OF_EVENTS | JSON, st.lists(JSON, max_size=3))
        return st.one_of(shaped, shaped, shaped, wild)

    def frames(self) -> st.SearchStrategy[str | bytes]:
        """Return frames as no client of ours sends them, and some as one does."""
        starts = st.sampled_from(["", "2", "40", "41", "42", "43", "44", "45", "46", "6", "1", "9"])
        middles = st.sampled_from(["", "/group,", "/direct,", "/x,", "/group", "?a=b", "1-", "999"])
        ends = ANY_TEXT | JSON.map(json.dumps) | st.just('["sync",{"rooms":{}}]')
        text = st.tuples(starts, middles, ends).map(lambda parts: as_utf8("".join(parts)))
        return st.one_of(text, text, text, st.binary(max_size=40))


def as_utf8(text: str) -> str:
    """Return text without what a WebSocket cannot carry."""
    return text.encode("utf-8", "replace").decode()
