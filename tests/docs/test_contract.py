"""What the documents list is what the code has: calls, events, codes, objects, limits."""

from __future__ import annotations

import configparser
import inspect
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from chat import errors, policies
from chat.budgets import NETWORK as NETWORK_MAY
from chat.budgets import SITE as SITE_MAY
from chat.budgets import USER as USER_MAY
from chat.budgets import WAIT_SECONDS
from chat.errors import ChatError
from chat.limits import rules
from chat.log import room_log
from chat.models import (
    Conversation,
    Membership,
    Message,
    Reaction,
    ReceivedRequest,
    Room,
    RoomInvitation,
    User,
)
from chat.namespaces.direct import DirectNamespace
from chat.namespaces.group import GroupNamespace
from chat.realtime import event_queue, listener, publisher
from chat.repositories.messages import quote_of
from chat.schemas import messages as message_schemas
from chat.schemas.membership_requests import dump_request
from chat.schemas.messages import dump_message
from chat.schemas.room_invitations import dump_listed_invitation
from chat.schemas.rooms import dump_conversation, dump_member, dump_room
from chat.schemas.sync import MAX_SYNCED
from chat.schemas.users import dump_user
from chat.services import blocks as blocking
from chat.services import (
    capacity,
    changes,
    direct_rooms,
    member_removal,
    membership_requests,
    room_invitations,
    room_settings,
    sessions,
)
from chat.services.codes import TRIES_WHEN_GUESSED
from chat.text import mentions
from tests.docs.configuration import read_config
from tests.docs.documents import (
    CODE,
    DESIGN,
    PROTOCOL,
    ROOT,
    blocks,
    calls,
    names,
    table,
    without_names,
)

FACES = {"/direct": DirectNamespace, "/group": GroupNamespace}


@pytest.fixture
def served(app: Flask) -> set[tuple[str, str]]:
    """Every call that is answered in our envelope."""
    return {
        (method, without_names(rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") or rule.rule in ("/health", "/ready")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_http_calls_are_all_listed_and_all_there(served: set[tuple[str, str]]) -> None:
    assert calls(PROTOCOL, "http-calls") == served


def test_calls_say_rightly_whether_they_need_a_token(app: Flask) -> None:
    client = app.test_client()
    for row in table(PROTOCOL, "http-calls"):
        method, path = CODE.findall(row[0])[0].split(" ")
        response = client.open(re.sub("<[^>]*>", "x", path), method=method)
        needs_token = row[1] != "none"
        assert (response.status_code == 401) is needs_token, row[0]


def test_client_events_are_all_listed_for_their_namespaces() -> None:
    listed = {
        (namespace, event)
        for row in table(PROTOCOL, "client-events")
        for event in CODE.findall(row[0])
        for namespace in CODE.findall(row[1])
    }
    assert listed == {(name, event) for name, face in FACES.items() for event in face.events}


def test_payloads_of_client_events_name_each_field() -> None:
    for row in table(PROTOCOL, "client-events"):
        payload = row[2].partition("→")[0]
        for namespace in CODE.findall(row[1]):
            schema = FACES[namespace].events[CODE.findall(row[0])[0]]
            for field in schema.fields:
                assert re.search(rf"[{{ ]{field}\??[,}}]", payload), (row[0], field)


def test_server_events_are_all_listed() -> None:
    assert sorted(names(PROTOCOL, "server-events")) == sorted(publisher.EVENTS)


def test_error_codes_are_all_listed_with_their_status() -> None:
    known = {
        (found.code, str(found.status))
        for _, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, ChatError)
    }
    assert {(CODE.findall(row[0])[0], row[1]) for row in table(PROTOCOL, "error-codes")} == known


USER = User("u", "ann", "Ann", 0, "", "", None, 1, 1)
MESSAGE = Message("m", "r", "u", 1, "c", "hello", 1, 1, username="ann", nickname="Ann")
REPLY = replace(MESSAGE, reply_to=1, quote=quote_of(replace(MESSAGE, username="anna")))
ROOM = Room("r", "direct", None, None, "", None, 1, MESSAGE, 1, 1)
MEMBERSHIP = Membership("r", "u", "member", 0, 1)
INVITATION = RoomInvitation("i", "r", "u", 1, frozenset(), 1, 2)
REQUEST = ReceivedRequest("q", ROOM, 1, USER, 1)


def _offline(_: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("mark", "dumped"),
    [
        ("user", dump_user(USER)),
        ("message", dump_message(replace(MESSAGE, reactions=(Reaction("👍", "u", 1),)), "u")),
        ("quote", dump_message(REPLY)["reply_to"]),
        ("room", dump_room(ROOM)),
        ("member", dump_member(USER, MEMBERSHIP, _offline)),
        ("invitation", dump_listed_invitation(INVITATION, USER)),
        ("membership-request", dump_request(REQUEST)),
    ],
)
def test_objects_have_the_fields_that_are_listed(mark: str, dumped: dict[str, Any]) -> None:
    assert names(PROTOCOL, mark) == list(dumped)


def test_a_members_view_of_a_room_has_the_fields_that_are_listed() -> None:
    dumped = dump_conversation(Conversation(ROOM, MEMBERSHIP, USER), _offline)
    assert names(PROTOCOL, "room") + names(PROTOCOL, "conversation") == list(dumped)


def test_layers_are_the_ones_that_are_checked() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    layers = setup["importlinter:contract:layers"]["layers"].strip().split("\n")
    assert any(block.text.strip().split("\n") == layers for block in blocks(DESIGN, "text"))


def test_what_a_site_may_have_is_said_as_it_is() -> None:
    said = " ".join(PROTOCOL.read_text("utf-8").split())
    times = {3: "three", 10: "ten"}
    networks = {SITE_MAY.turns // NETWORK_MAY.turns, SITE_MAY.waiting // NETWORK_MAY.waiting}
    assert f"may do {times[rules.SITE_RATE_FACTOR]} times what one may: codes," in said
    for factor in {*networks, listener.SITE_FACTOR}:
        assert f"may have {times[factor]} times what one may have in progress, waiting" in said


def test_limits_are_the_ones_in_force() -> None:
    stated = {row[0]: row[1].replace(",", "") for row in table(PROTOCOL, "limits")}
    assert stated["message"] == f"{message_schemas.MAX_DATA} characters"
    assert stated["page of messages"].startswith(f"{message_schemas.MAX_PAGE} ")
    assert stated["different emoji of a message"] == (
        f"{policies.MAX_EMOJI}; with those that were taken back {policies.MAX_USED_EMOJI}"
    )
    assert stated["pinned messages of a room"] == str(changes.MAX_PINS)
    assert stated["pinned rooms of a user"] == str(room_settings.MAX_PINNED_ROOMS)
    assert stated["names that mention somebody in one message"] == str(mentions.MAX_MENTIONS)
    assert stated["changes of a room that one may have missed"] == str(room_log.MAX_CHANGES_BEHIND)
    assert stated["unanswered sends of a connection"] == str(event_queue.MAX_UNANSWERED)
    assert stated["events of a connection waiting to be handled"] == str(event_queue.MAX_WAITING)
    assert stated["characters of these"] == f"{event_queue.MAX_WAITING_SIZE} or `MAX_BODY_BYTES`"
    assert stated["rooms that one `sync` names"] == str(MAX_SYNCED)
    for what, wanted in (
        ("requests and events in progress", "turns"),
        ("requests and events waiting for these", "waiting"),
    ):
        user, network = getattr(USER_MAY, wanted), getattr(NETWORK_MAY, wanted)
        assert stated[what].startswith(f"{user} for a user {network} for a network address")
    assert stated["requests and events waiting for these"].endswith(f"; {WAIT_SECONDS:.0f} seconds")
    assert stated["groups one may be in"].startswith(f"{capacity.MAX_ROOMS};")
    assert stated["groups one may be in"].endswith(f" {capacity.MAX_ROOMS_BY_OTHERS}")
    opened = "direct rooms one opened in which the other has not written"
    tries = rules.TRIES_AT_BOUND.item
    assert stated[opened] == (
        f"{direct_rooms.MAX_UNANSWERED_ROOMS};"
        f" with so many {tries.amount} tries in {tries.multiples} minutes to open another one"
    )
    assert stated["members of a group"] == str(capacity.MAX_MEMBERS)
    kept_out = "people kept out of a group who were no members"
    assert stated[kept_out] == str(member_removal.MAX_BANS)
    assert stated["invitations of a group"].startswith(f"{room_invitations.MAX_INVITATIONS}")
    assert stated["blocked people"] == str(blocking.MAX_BLOCKS)
    assert stated["membership requests that wait for one person's answer"] == str(
        membership_requests.MAX_WAITING_REQUESTS
    )
    to_one = rules.ASKS_TO_ONE.item
    assert stated["membership requests by one person"] == (
        f"{rules.ASKS_BY_ONE.item.amount} a day"
        f" {to_one.amount} in {to_one.multiples} days to the same one"
    )
    additions = rules.ADDITIONS.item.amount
    assert stated["groups that others add one to without asking"] == f"{additions} a day"
    assert stated["sessions of an account"].startswith(f"{sessions.MAX_SESSIONS};")
    assert stated["wrong codes"].startswith(f"{rules.WRONG_CODES.item.amount} in 5 minutes ")
    assert stated["wrong codes"].endswith(
        f"{TRIES_WHEN_GUESSED} for a code after {rules.FIRST_WRONG_CODES.item.amount} in an hour"
        f" while there are {rules.WRONG_CODES_OF_ALL.item.amount} an hour in all"
    )
    assert stated["wrong links"].startswith(f"{rules.WRONG_LINKS.item.amount} in 5 minutes ")
    assert stated["taken usernames that are told"] == (
        f"{rules.TAKEN_NAMES_PER_MAILBOX.item.amount} an hour for an e-mail address"
        f" {rules.TAKEN_NAMES_PER_LINK.item.amount} an hour for an invitation without a code"
        f" {rules.TAKEN_NAMES_PER_ADDRESS.item.amount} an hour for a network address"
    )
    assert stated["log-ins"].startswith(f"{rules.LOG_INS.item.amount} in 5 minutes ")
    assert stated["codes"] == (
        f"{rules.CODES_PER_EMAIL.item.amount} an hour for an e-mail address and purpose"
        f" {rules.CODES_PER_ADDRESS.item.amount} an hour for a network address"
    )
    for what, rule in (
        ("messages", rules.MESSAGES),
        ("joining groups", rules.JOINS),
        ("searches for people", rules.SEARCHES),
        ("searches for messages", rules.MESSAGE_SEARCHES),
        ("connections", rules.CONNECTIONS),
        ("new rooms", rules.ROOMS),
        ("changes of rooms", rules.CHANGES),
    ):
        default = read_config()[rule.name]
        assert stated[what] == f"`{rule.name}` {default} a minute for a user by default"
    assert stated["wrong passwords"] == (
        f"{rules.FAILED_LOGINS_PER_ACCOUNT.item.amount} in 5 minutes for an account from one"
        f" network address {rules.FAILED_LOGINS_FROM_ANYWHERE.item.amount} in 5 minutes for an"
        f" account in all {rules.FAILED_LOGINS_PER_ADDRESS.item.amount} in 5 minutes for a"
        " network address"
    )
    known = rules.FAILED_LOGINS_OF_KNOWN.item.amount
    assert stated["wrong passwords from what an account knows"] == (
        f"{known} in 5 minutes from its networks {known} in 5 minutes from its browsers"
    )
