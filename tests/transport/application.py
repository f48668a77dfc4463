"""A small python-socketio application on our transport: `python -m tests.transport.application`.

It has the namespaces `/` and `/custom` that the public Engine.IO and Socket.IO protocol test suites
talk to: `auth` tells what a client connected with, `message` comes back as `message-back`,
`message-with-ack` as its ack. `perform` takes steps in one turn of the event loop. `--plain` serves
the bare Engine.IO layer, which sends every message back. `GET /bytes/N` is answered by N bytes,
`POST /count` by how many came, `GET /memory` by how many bytes of memory the process has. A debtor,
by `X-Forwarded-For`, rests before they get on. Prints the port it listens on.
"""

from __future__ import annotations

import argparse
import resource
import sys
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

from collections.abc import Callable
from pathlib import Path
from typing import Any

import engineio
import socketio

from chat.concurrency import Payer, start_metering
from chat.realtime import listener
from chat.realtime.transport import pace
from chat.realtime.transport.engine import EngineServer
from chat.realtime.transport.server import TransportServer


def socket_io(options: dict[str, Any]) -> Any:
    """Return the server the Socket.IO suite expects, as a WSGI application."""
    server = TransportServer(async_handlers=False, **options)

    def connected(namespace: str, sid: str, auth: object) -> None:
        server.emit("auth", auth or {}, to=sid, namespace=namespace)

    def emit(namespace: str, channels: Any, number: int, size: int, skipped: list[str]) -> None:
        value = {"number": number, "text": "x" * size}
        server.emit("told", value, to=channels, namespace=namespace, skip_sid=skipped)

    def close(namespace: str, sid: str) -> None:
        server.eio.disconnect(server.manager.eio_sid_from_sid(sid, namespace))

    take_step: dict[str, Callable[..., object]] = {
        "emit": emit,
        "enter": lambda namespace, sid, channel: server.enter_room(sid, channel, namespace),
        "leave": lambda namespace, sid, channel: server.leave_room(sid, channel, namespace),
        "close": close,
    }

    for name in ("/", "/custom"):

        @server.on("connect", namespace=name)
        def connect(
            sid: str, environ: dict[str, Any], auth: object = None, name: str = name
        ) -> None:
            server.start_background_task(connected, name, sid, auth)

        @server.on("message", namespace=name)
        def message(sid: str, *values: object, name: str = name) -> None:
            server.emit("message-back", values, to=sid, namespace=name)

        @server.on("message-with-ack", namespace=name)
        def message_with_ack(sid: str, *values: object) -> tuple[object, ...]:
            return values

        @server.on("join", namespace=name)
        def join(sid: str, channel: str, name: str = name) -> str:
            server.enter_room(sid, channel, namespace=name)
            return channel

        @server.on("tell", namespace=name)
        def tell(sid: str, channel: str, text: str, times: int = 1, name: str = name) -> int:
            for number in range(times):
                server.emit("told", {"number": number, "text": text}, to=channel, namespace=name)
                server.sleep(0)
            return times

        @server.on("perform", namespace=name)
        def perform(sid: str, steps: list[Any]) -> int:
            for kind, *values in steps:
                take_step[kind](*values)
            return len(steps)

        @server.on("members", namespace=name)
        def members(sid: str, channel: str, name: str = name) -> int:
            return len(list(server.manager.get_participants(name, channel)))

        @server.on("unsent", namespace=name)
        def unsent(sid: str) -> int:
            return sum(session.unsent for session in server.eio.sockets.values())

    @server.on("connect", namespace="/closed")
    def refuse(sid: str, environ: dict[str, Any], auth: object = None) -> bool:
        return False

    @server.on("connect", namespace="/slow")
    def let_wait(sid: str, environ: dict[str, Any], auth: dict[str, float]) -> None:
        server.sleep(auth["seconds"])

    return socketio.WSGIApp(server)


def engine_io(options: dict[str, Any]) -> Any:
    """Return the server the Engine.IO suite expects, as a WSGI application."""
    server = EngineServer(**options)
    server.on("message", lambda sid, data: server.send(sid, data))
    return engineio.WSGIApp(server)


class Debtor(Payer):
    """A payer that sleeps some seconds whenever it has to repay its debt."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def repay(self) -> None:
        eventlet.sleep(self._seconds)


def with_plain_calls(application: Any) -> Any:
    """Add the plain HTTP calls to a WSGI application."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        _, name, *rest = environ["PATH_INFO"].split("/")
        if name == "bytes":
            answer = b"x" * int(rest[0])
        elif name == "count":
            source = environ["wsgi.input"]
            answer = str(sum(map(len, iter(lambda: source.read(65_536), b"")))).encode()
        elif name == "memory":
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            answer = str(pages * resource.getpagesize()).encode()
        else:
            return application(environ, start_response)
        start_response("200 OK", [("Content-Length", str(len(answer)))])
        return [answer]

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--binary", action="store_true")
    parser.add_argument("--limit", type=int, default=1_000_000, help="bytes of a message")
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--ping-interval", type=float, default=25)
    parser.add_argument("--ping-timeout", type=float, default=20)
    parser.add_argument("--per-address", type=int, default=1_000)
    parser.add_argument("--debtor", help="the address of somebody who has to rest")
    parser.add_argument("--rest-seconds", type=float, default=0)
    parser.add_argument("--linger-seconds", type=float, default=listener.LINGER_SECONDS)
    parser.add_argument("--head-seconds", type=float, default=listener.HEAD_SECONDS)
    parser.add_argument("--grace-seconds", type=float, default=pace.GRACE_SECONDS)
    parser.add_argument("--least-rate", type=int, default=pace.MIN_RATE, help="bytes a second")
    parser.add_argument("--unjoined-seconds", type=float, default=10)
    parser.add_argument("--unjoined-bytes", type=int, default=16 << 10)
    parser.add_argument("--max-polling", type=int, default=1_000)
    parser.add_argument("--max-payload", type=int, default=0, help="bytes of a POST")
    parser.add_argument("--slow-bytes", type=int, default=1 << 20)
    parser.add_argument("--slow-seconds", type=float, default=5)
    parser.add_argument("--max-unsent", type=int, default=4 << 20)
    given = vars(parser.parse_args())
    port, connections, of_one = (given.pop(x) for x in ("port", "connections", "per_address"))
    listener.HEAD_SECONDS = given.pop("head_seconds")
    listener.LINGER_SECONDS = given.pop("linger_seconds")
    pace.GRACE_SECONDS = given.pop("grace_seconds")
    pace.MIN_RATE = given.pop("least_rate")
    limit, indebted = given.pop("limit"), given.pop("debtor")
    debtor = Debtor(given.pop("rest_seconds"))
    serve = engine_io if given.pop("plain") else socket_io
    options = {
        "async_mode": "eventlet",
        "cors_allowed_origins": [],
        "max_http_buffer_size": limit,
        **given,
    }
    application = serve(options)
    engine = getattr(application.engineio_app, "eio", application.engineio_app)

    def body_limit(target: str) -> int:
        if target.startswith("/count"):
            return sys.maxsize
        found: int = engine.body_limit_of(target.partition("?")[2])
        return found

    def payer_of(address: str, forwarded: str | None) -> Payer | None:
        return debtor if indebted and forwarded == indebted else None

    def site_of(address: str) -> str:
        return address.rpartition(".")[0]

    start_metering()
    server = listener.Listener(
        "127.0.0.1",
        port,
        listener.ConnectionLimits(connections, of_one, caller_of=str, site_of=site_of),
        limit,
        body_limit,
        payer_of,
    )
    print(server.getsockname()[1], flush=True)
    server.serve(with_plain_calls(application))


if __name__ == "__main__":
    main()
