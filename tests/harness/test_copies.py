"""The load generator's copies of changed messages."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from harness.clients import Client, Loop
from harness.copies import Copies

STATES = [{"seq": 7, "version": version, "data": f"text {version}"} for version in (1, 2, 3)]


@pytest.fixture
def client() -> Iterator[Client]:
    """A client without a connection, to which tests pass packets."""
    loop = Loop()
    client = Client(loop, 0, [])
    yield client
    client.close()
    loop.close()


def pushed(*messages: object, room_id: str = "here", namespace: str = "/group") -> bytes:
    """Return a packet that pushes changed messages."""
    changes = {"room_id": room_id, "messages": messages, "after_rev": 0, "last_rev": 1}
    return (
        f"42{namespace},{json.dumps(['messages_changed', changes], separators=(',', ':'))}".encode()
    )


@pytest.mark.parametrize("order", list(itertools.permutations(STATES)))
def test_the_copy_of_a_message_with_the_greatest_version_is_kept(
    client: Client, order: tuple[dict[str, object], ...]
) -> None:
    copies = Copies(client, "here")
    assert copies.find(7) is None
    for state in (*order, *order):
        client.handle_packet(pushed(state))
    assert copies.find(7) == STATES[-1]


def test_a_repeated_push_is_counted_again(client: Client) -> None:
    copies = Copies(client, "here")
    for _ in range(3):
        client.handle_packet(pushed(*STATES))
    assert copies.pushes == 3


def test_only_changes_of_the_room_are_kept(client: Client) -> None:
    copies = Copies(client, "here")
    client.handle_packet(pushed(STATES[0], room_id="elsewhere"))
    client.handle_packet(b'42/group,["message_read",{"room_id":"here","seq":7}]')
    assert copies.pushes == 0 and copies.find(7) is None


def test_changes_are_received_in_both_namespaces(client: Client) -> None:
    copies = Copies(client, "here")
    client.handle_packet(pushed(STATES[0], namespace="/direct"))
    assert copies.find(7) == STATES[0]
