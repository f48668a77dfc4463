"""The server overrides private code of libraries, so an upgrade that changes it must be read."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import engineio
import eventlet.greenio.base
import eventlet.hubs.hub
import eventlet.hubs.poll
import eventlet.wsgi
import flask_socketio
import pytest
import socketio
import socketio.base_manager

READ: dict[Callable[..., Any], str] = {
    engineio.socket.Socket.__init__: "8532b631a4dc815f",
    engineio.socket.Socket.poll: "d7d705066fd3b948",
    engineio.socket.Socket.send: "f8b2738ee5d48ab2",
    engineio.socket.Socket.close: "05fac55831999f25",
    engineio.socket.Socket.schedule_ping: "fe316639159cd70d",
    engineio.socket.Socket.handle_get_request: "d45c0d8f98840672",
    engineio.socket.Socket.handle_post_request: "5be8170455a3482c",
    engineio.socket.Socket._upgrade_websocket: "02f6ac05441609d3",
    engineio.Server.handle_request: "79302edd007fcce6",
    engineio.Server._handle_connect: "049f7c2b2c239080",
    engineio.Server._service_task: "9492b7b0d652907d",
    engineio.Server._trigger_event: "bc536417c3045418",
    engineio.Server._ok: "b8f717402eac2b0d",
    engineio.Server._log_error_once: "dccbb5602dc46a09",
    engineio.packet.Packet.encode: "8f3d5d869711cbb8",
    socketio.Server._engineio_server_class: "8d7e7034b2457036",
    socketio.Server._handle_eio_connect: "4be135c046ed6bcc",
    socketio.Server._handle_eio_message: "65f309c138d634eb",
    socketio.Server._handle_eio_disconnect: "5c0002fcdb35a127",
    socketio.Server._handle_connect: "1b0ba130a57d9320",
    socketio.Server._handle_event: "3f64c030f25eb785",
    socketio.Server._handle_disconnect: "fb93d61de8cb8c31",
    socketio.Manager: "cfeabf92435f1208",
    socketio.base_manager.BaseManager: "b393b4c05dbd88e2",
    flask_socketio.SocketIO.init_app: "12a3a6c8e8962c3e",
    eventlet.wsgi.HttpProtocol._read_request_line: "b03b4ae076effb73",
    eventlet.wsgi.HttpProtocol.handle_one_request: "4d466c537abfc8c1",
    eventlet.wsgi.HttpProtocol.get_environ: "b8865250e21cb561",
    eventlet.wsgi.Input: "85e0b3a87fe27a21",
    eventlet.wsgi.HttpProtocol.handle_one_response: "b2ae04db91bb3575",
    eventlet.wsgi.HttpProtocol.finish: "d23530dd4e6afd45",
    eventlet.wsgi.server: "8db9f629ea68e797",
    eventlet.greenio.base.shutdown_safe: "03f36a52944b3b65",
    eventlet.hubs.hub.BaseHub.close_one: "c98b6f7b7fb979a4",
    eventlet.hubs.poll.Hub.wait: "691d0ecab34b5cd9",
}


@pytest.mark.parametrize("method", READ, ids=lambda method: method.__qualname__)
def test_overridden_private_code_is_unchanged(method: Callable[..., Any]) -> None:
    source = hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:16]
    assert source == READ[method], f"{method.__qualname__} changed: read it, then adapt realtime/"
