"""Whatever is sent gets one answer in the envelope, and changes nothing when it is not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.namespaces.base import EventNamespace
from chat.namespaces.direct import DirectNamespace
from chat.namespaces.group import GroupNamespace
from tests.sockets.conftest import Member

People = Callable[..., list[Member]]

FACES: dict[str, type[EventNamespace]] = {"/direct": DirectNamespace, "/group": GroupNamespace}
EVENTS = [(name, event) for name, face in FACES.items() for event in face.events]
FITTING: dict[str, object] = {
    "room_id": "0" * 24,
    "client_id": "c1",
    "data": "hello",
    "to": "somebody-else",
    "seq": 1,
    "emoji": "👍",
    "on": True,
    "revs": {},
    "rooms": {},
    "ids": {},
    "reply_to": None,
    "files": [],
    "after": "0",
    "upto": "z",
    "name": "A name",
    "info": "",
    "number": "123456789",
    "token": "nonsense",
}


def payload_for(namespace: str, event: str) -> dict[str, Any]:
    """Return a payload in which every field has the right type."""
    fields = FACES[namespace].events[event].fields
    payload = {name: FITTING[name] for name in fields}
    if event == "send_message":
        payload.pop("to", None)
    return payload


@pytest.fixture
def client_of(people: People) -> Callable[[str], Any]:
    (ada,) = people("ada")
    return lambda namespace: ada.socket(namespace)


@pytest.mark.parametrize("namespace", FACES)
def test_unfit_field_is_refused_by_name(client_of: Callable[[str], Any], namespace: str) -> None:
    """By each event's own schema; tests/security/test_input.py has what a schema refuses."""
    client = client_of(namespace)
    for event, schema in FACES[namespace].events.items():
        bad = {name: {"$gt": ""} for name in schema.fields} | {"_id": "x"}
        answer = client.call(namespace, event, bad)
        assert answer["error"]["code"] == "validation_error", event
        # What is no token is unauthorized, later.
        assert set(answer["error"]["fields"]) == set(bad) - {"token"}, event
        assert all(text for texts in answer["error"]["fields"].values() for text in texts)


@pytest.mark.parametrize("args", [(), ({}, {}), ([],), ("x",), (7,), (None,), (True,)])
@pytest.mark.parametrize("namespace", FACES)
def test_payload_that_is_not_one_object_is_refused(
    client_of: Callable[[str], Any], namespace: str, args: tuple[object, ...]
) -> None:
    client = client_of(namespace)
    for event in FACES[namespace].events:
        assert client.call(namespace, event, *args)["error"]["code"] == "validation_error"


@pytest.mark.parametrize(
    "event",
    [
        "connect",
        "disconnect",
        "connect_error",
        "message",
        "",
        "on_sync",
        "__class__",
        "message_created",
        7,
        None,
        ["x"],
    ],
)
def test_unknown_event_is_answered(client_of: Callable[[str], Any], event: object) -> None:
    client = client_of("/group")
    assert client.call("/group", event, {})["error"]["code"] == "unknown_event"
    assert "data" in client.call("/group", "sync", {"rooms": {}})


@pytest.mark.parametrize("namespace", FACES)
def test_room_that_does_not_exist_is_not_found(
    client_of: Callable[[str], Any], namespace: str
) -> None:
    client = client_of(namespace)
    for event, schema in FACES[namespace].events.items():
        if "room_id" in schema.fields:
            for room_id in ("0" * 24, "nonsense"):
                payload = payload_for(namespace, event) | {"room_id": room_id}
                assert client.call(namespace, event, payload)["error"]["code"] == "not_found"


def test_event_without_an_ack_id_is_carried_out_too(people: People) -> None:
    (ada,) = people("ada")
    group = ada.create_group()
    client = ada.socket("/group")
    body = f'{{"room_id":"{group["id"]}","client_id":"1","data":"quietly"}}'
    client.send_raw(f'42/group,["send_message",{body}]')
    assert client.pushed("message_created")["data"] == "quietly"


def test_error_texts_follow_the_language_of_the_handshake(people: People) -> None:
    (ada,) = people("ada")
    client = ada.socket("/group")
    assert client.call("/group", "nope", {})["error"]["message"] == "Unknown event."
    ada.data("PATCH", "/users/me", {"locale": "zh"})
    assert client.call("/group", "nope", {})["error"]["message"] == "未知的事件。"
