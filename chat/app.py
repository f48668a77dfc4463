"""The application factory, and what begins and ends with the process that serves."""

from __future__ import annotations

import logging
import threading
import time

from flask import Flask

from chat import cli, error_handlers, extensions, settings
from chat.blueprints.blocks import blocks
from chat.blueprints.http import Protection, client_address, require_json
from chat.blueprints.membership_requests import membership_requests
from chat.blueprints.messages import messages
from chat.blueprints.pages import pages
from chat.blueprints.room_invitations import room_invitations
from chat.blueprints.rooms import rooms
from chat.blueprints.users import users
from chat.concurrency import spawn
from chat.cross_origin import CrossOrigin
from chat.database.client import time_limit
from chat.gate import Gate
from chat.host_check import HostCheck
from chat.namespaces.direct import DirectNamespace
from chat.namespaces.group import GroupNamespace
from chat.origins import parse_origins
from chat.proxies import TrustedProxies
from chat.realtime.event_queue import MAX_WAITING_SIZE
from chat.realtime.replies import ANSWER_WITHIN
from chat.realtime.server import SOCKET_PATHS
from chat.services.audit import bind_caller
from chat.turns import RequestTurns
from chat.wiring import EXTENSION, Services, wire

log = logging.getLogger(__name__)

GATE = "chat.gate"
# The end: what began before shall be finished and answered. Ten seconds are promised, of which
# closing the connections to the database takes one, and its own end half a second or more.
STORE_SECONDS = ANSWER_WITHIN + 0.5  # by then every event from before has its answer
ANSWER_SECONDS = 0.5
FAREWELL_SECONDS = 1.0
END_SECONDS = 8.0  # for all of it, and for writing down what else is known
SHORTEST = 0.1  # of a time limit: none at all is one without end


def create_app(config: str | object = "config.Config", **overrides: object) -> Flask:
    """Make an app from a configuration (an object or its import name) and single settings.

    Nothing is started and no database is asked; only a missing secret key is made. Raises
    `SettingsError` with one sentence when a setting cannot be.
    """
    app = Flask(__name__, static_folder=None)  # `pages` serves the files of the page
    app.config.from_object(config)
    app.config.update(overrides)
    settings.check(app.config)
    app.config["DATA_DIR"] = settings.data_dir(app.config)
    app.config["SECRET_KEY"] = settings.secret_key(app.config)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_BODY_BYTES"]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.compact = True  # type: ignore[attr-defined]

    extensions.init_app(app)
    error_handlers.register(app)
    services = wire(app)
    app.extensions[EXTENSION] = services
    app.before_request(lambda: bind_caller(client_address()))
    app.before_request(require_json)
    for blueprint in (
        pages,
        users,
        blocks,
        membership_requests,
        rooms,
        messages,
        room_invitations,
    ):
        app.register_blueprint(blueprint)
    app.extensions[GATE] = Gate(app)
    _add_sockets(app, services)
    RequestTurns(app, services.budgets, services.socketio.server.eio.session_of)
    app.wsgi_app = CrossOrigin(  # type: ignore[method-assign]
        app.wsgi_app, parse_origins(app.config["CORS_ORIGINS"])
    )
    app.wsgi_app = HostCheck(  # type: ignore[method-assign]
        app.wsgi_app, settings.hosts(app.config)
    )
    app.wsgi_app = Protection(app.wsgi_app)  # type: ignore[method-assign]
    if app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
            app.wsgi_app, app.config["TRUSTED_PROXIES"]
        )
    cli.register(app)
    return app


def start(app: Flask) -> None:
    """Begin the work that goes on beside requests; for the process that serves."""
    services: Services = app.extensions[EXTENSION]
    spawn(services.rooms.catch_up)
    spawn(services.expiry.run)
    spawn(services.reconciler.run)
    spawn(services.readiness.run)
    spawn(services.presence.run)
    spawn(services.jobs.run)


def stop(app: Flask) -> None:
    """Refuse new work, store and answer what was taken, and let the clients go.

    It takes a few seconds at most, also when the database does not answer.
    """
    services: Services = app.extensions[EXTENSION]
    gate: Gate = app.extensions[GATE]
    began = time.monotonic()
    deadline = began + END_SECONDS
    services.readiness.end()
    gate.close()
    services.expiry.stop()
    services.reconciler.stop()
    services.presence.stop()
    services.rooms.stop()
    services.jobs.stop(ANSWER_SECONDS)
    drained = services.room_log.close(began + STORE_SECONDS - time.monotonic())
    gate.wait_until_empty(ANSWER_SECONDS)
    services.socketio.server.close_all(FAREWELL_SECONDS)
    # Where the database is away, the next start finds out what would be written.
    if not (drained and _is_written(services, deadline)):
        log.warning("the database did not take what was waiting for it")
    services.database.close()


def _is_written(services: Services, deadline: float) -> bool:
    """Write down what else is known; return whether that came to its end by then.

    Beside the caller, because a write that hangs since before keeps those after it waiting.
    """
    done = threading.Event()

    def write() -> None:
        try:
            with time_limit(max(SHORTEST, deadline - time.monotonic())):
                services.previews.flush()
                services.read_marks.flush()
                services.quotas.flush()
                services.audit.flush()
                services.presence.end()
        except Exception:
            log.exception("not everything could be written down at the end")
        finally:
            done.set()

    spawn(write)
    return done.wait(max(SHORTEST, deadline - time.monotonic()))


def body_limit(app: Flask, target: str) -> int:
    """Return how many bytes the body of a request to that target may have."""
    path, _, query = target.partition("?")
    if path not in SOCKET_PATHS:
        return int(app.config["MAX_BODY_BYTES"])
    services: Services = app.extensions[EXTENSION]
    return int(services.socketio.server.eio.body_limit_of(query))


def _add_sockets(app: Flask, services: Services) -> None:
    socketio = services.socketio
    for face in (DirectNamespace(app, services), GroupNamespace(app, services)):
        socketio.on_namespace(face)
    unsent = app.config["MAX_UNSENT_BYTES"]
    socketio.init_app(
        app,
        max_http_buffer_size=app.config["MAX_BODY_BYTES"],
        max_payload=MAX_WAITING_SIZE,
        slow_bytes=unsent,
        max_polling=app.config["MAX_CONNECTIONS"],
        max_unsent=4 * unsent,
    )
