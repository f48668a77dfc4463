"""A client enters its channels when it is accepted, with all changes made while it was pending."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import User
from chat.realtime.channels import ChannelManager
from chat.realtime.connections import Connection, Connections
from chat.realtime.publisher import Publisher
from chat.realtime.pushed_rooms import PushedRooms
from chat.realtime.recent_pushes import RecentPushes
from chat.realtime.server import ChatSocketIO
from chat.realtime.transport.server import TransportServer
from tests.log.desk import log_without_database
from tests.realtime.accounts import UNMETERED

GROUP = "/group"


def waiting_client(*channels: str) -> tuple[ChannelManager, str]:
    """Return a manager and the sid of a pending client."""
    connections = Connections()
    manager = ChannelManager()
    manager.connections = connections
    TransportServer(client_manager=manager, async_mode="threading")
    sid = manager.pre_connect("transport", GROUP)
    assert sid is not None
    user = User("1", "ada", "Ada", 0, "", "", None, 0, 0)
    connection = Connection(sid, "transport", GROUP, user, "session", 0, None, UNMETERED)
    connection.channels.update(channels)
    connections.add_connection(connection)
    return manager, sid


def participants(manager: ChannelManager, channel: str) -> list[Any]:
    return [sid for sid, _ in manager.get_participants(GROUP, channel)]


def test_a_pending_client_is_in_no_channel() -> None:
    manager, sid = waiting_client("room:1")
    assert participants(manager, "room:1") == []
    manager.connect(sid, GROUP)
    assert participants(manager, "room:1") == [sid]


def test_subscriptions_of_a_pending_client_are_merged() -> None:
    manager, sid = waiting_client("room:1", "room:2")
    manager.unsubscribe("1", GROUP, "room:1")
    manager.subscribe("1", GROUP, "room:3")
    manager.subscribe("1", GROUP, "room:4")
    manager.unsubscribe("1", GROUP, "room:4")
    manager.connect(sid, GROUP)
    own = {channel for channel in manager.get_rooms(sid, GROUP) if channel.startswith("room:")}
    assert own == {"room:2", "room:3"}


def test_a_disconnected_client_is_in_no_channel() -> None:
    manager, sid = waiting_client("room:1")
    manager.connect(sid, GROUP)
    manager.disconnect(sid, GROUP)
    assert participants(manager, "room:1") == []
    assert manager.get_rooms(sid, GROUP) == []
    assert not manager.is_connected(sid, GROUP)
    assert manager.rooms == {}


def test_checking_a_channel_for_clients_copies_no_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager, sid = waiting_client("room:1")
    socketio = ChatSocketIO(manager.connections)
    socketio.server = manager.server
    publisher = Publisher(
        manager.connections, log_without_database(), PushedRooms(), RecentPushes(), socketio
    )
    assert not publisher.has_listeners("1")
    manager.connect(sid, GROUP)
    monkeypatch.setattr(manager, "get_participants", None)
    assert publisher.has_listeners("1")
    assert not publisher.has_listeners("2")
