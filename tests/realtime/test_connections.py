"""The limit of open sockets for each user."""

from __future__ import annotations

import pytest

from chat.errors import RateLimited
from chat.models import User
from chat.realtime.connections import Connection, Connections
from tests.realtime.accounts import UNMETERED


def enter(connections: Connections, user: str, socket: str, namespace: str = "/group") -> str:
    """Add a connection of a user's socket to a namespace and return its sid."""
    sid = f"{user} {socket} {namespace}"
    person = User(user, user, "", 0, "", "", None, 0, 0)
    connections.add_connection(
        Connection(sid, f"{user} {socket}", namespace, person, "session", 0, None, UNMETERED)
    )
    return sid


def test_the_limit_of_sockets_is_counted_for_each_user() -> None:
    connections = Connections(max_per_user=2)
    first = enter(connections, "ada", "one")
    enter(connections, "ada", "two")
    with pytest.raises(RateLimited) as refused:
        enter(connections, "ada", "three")
    assert refused.value.retry_after > 0
    assert connections.find_by_sid("ada three /group") is None
    enter(connections, "bob", "one")
    connections.remove_connection(first)
    enter(connections, "ada", "three")


def test_both_namespaces_of_a_socket_count_once() -> None:
    connections = Connections(max_per_user=1)
    enter(connections, "ada", "one", "/direct")
    enter(connections, "ada", "one", "/group")


def test_without_a_limit_any_number_may_be_open() -> None:
    connections = Connections()
    for number in range(200):
        enter(connections, "ada", str(number))
