"""The application factory, and the start and stop of the serving process."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from flask import Flask

from chat import assets, cli, error_handlers, extensions, settings
from chat.blueprints.blocks import blocks
from chat.blueprints.file_transfers import file_transfers
from chat.blueprints.files import files
from chat.blueprints.http import client_address, require_json
from chat.blueprints.installable import installable
from chat.blueprints.membership_requests import membership_requests
from chat.blueprints.messages import messages
from chat.blueprints.pages import pages
from chat.blueprints.push import push
from chat.blueprints.room_invitations import room_invitations
from chat.blueprints.rooms import rooms
from chat.blueprints.search import search
from chat.blueprints.users import users
from chat.concurrency import spawn
from chat.database.client import time_limit
from chat.middleware.cross_origin import CrossOrigin
from chat.middleware.deadline import SHORTEST, Deadline
from chat.middleware.drain import RequestDrain
from chat.middleware.host_check import HostCheck
from chat.middleware.proxies import TrustedProxies
from chat.middleware.request_turns import RequestTurns
from chat.middleware.security_headers import SecurityHeaders
from chat.middleware.transfers import is_upload
from chat.namespaces.direct import DirectNamespace
from chat.namespaces.group import GroupNamespace
from chat.origins import parse_origins
from chat.realtime.acks import ANSWER_WITHIN
from chat.realtime.channels import ChannelManager
from chat.realtime.event_queue import MAX_WAITING_SIZE
from chat.realtime.server import SOCKET_PATHS
from chat.services.audit import bind_caller
from chat.wiring import EXTENSION, Services, wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

DRAIN = "chat.drain"
# Shutdown finishes and answers all work in progress. It takes ten seconds at most: closing the
# connections to the database takes one, stopping the embedded database half a second or more.
STORE_SECONDS = ANSWER_WITHIN + 0.5  # by then every earlier event has its answer
ANSWER_SECONDS = 0.5
CLOSE_SECONDS = 1.0  # for all transports to send their unsent data
END_SECONDS = 8.0  # for all of the above and the flush of caches


def create_app(config: str | object = "config.Config", **overrides: object) -> Flask:
    """Create an app from a configuration (an object or its import name) and single settings.

    Nothing is started and no database is queried; only a missing secret key is created. Raises
    `SettingsError` with one sentence when a setting is invalid.
    """
    app = Flask(__name__, static_folder=None)  # the blueprint `files` serves the static files
    app.config.from_object(config)
    app.config.update(overrides)
    settings.check(app.config)
    app.config["DATA_DIR"] = settings.data_dir(app.config)
    app.config["SECRET_KEY"] = settings.secret_key(app.config)
    app.config["LOGO"] = settings.logo(app.config)
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
        files,
        installable,
        users,
        search,
        blocks,
        membership_requests,
        rooms,
        messages,
        room_invitations,
        push,
        file_transfers,
    ):
        app.register_blueprint(blueprint)
    drain = app.extensions[DRAIN] = RequestDrain(Deadline(app.wsgi_app))
    app.before_request(drain.refuse_changes)
    app.wsgi_app = drain  # type: ignore[method-assign]
    _add_sockets(app, services)
    app.wsgi_app = _wrapped(app, services)  # type: ignore[assignment]
    cli.register(app)
    return app


def start(app: Flask) -> None:
    """Start the background tasks of the serving process."""
    services: Services = app.extensions[EXTENSION]
    spawn(services.room_repair.catch_up)
    spawn(services.expiry.run)
    spawn(services.reconciler.run)
    spawn(services.readiness.run)
    spawn(services.presence.run)
    spawn(services.jobs.run)
    spawn(services.file_removal.run)
    spawn(services.consumers.run)
    spawn(services.push_sender.run)
    if app.config["BUNDLE"]:
        spawn(assets.prepare)


def stop(app: Flask) -> None:
    """Refuse new work, store and answer accepted work, and disconnect all clients.

    It takes at most END_SECONDS and a little more, even if the database does not answer.
    """
    services: Services = app.extensions[EXTENSION]
    drain: RequestDrain = app.extensions[DRAIN]
    began = time.monotonic()
    deadline = began + END_SECONDS
    services.readiness.end()
    drain.close()
    services.expiry.stop()
    services.reconciler.stop()
    services.presence.stop()
    services.room_repair.stop()
    services.file_removal.stop()
    services.jobs.stop(ANSWER_SECONDS)
    drained = services.room_log.close(began + STORE_SECONDS - time.monotonic())
    services.consumers.stop(ANSWER_SECONDS)
    services.push_sender.stop(ANSWER_SECONDS)
    drain.wait_until_empty(ANSWER_SECONDS)
    services.socketio.server.close_all(CLOSE_SECONDS)
    # If the database is away, the next start restores what could not be written.
    if not (drained and _flush(services, deadline)):
        log.warning("the database did not take what was waiting for it")
    services.database.close()


def _flush(services: Services, deadline: float) -> bool:
    """Write all cached values; return whether that ended before the deadline.

    The writes run in a green thread of their own, because an earlier write that hangs blocks them.
    """
    done = threading.Event()

    def write() -> None:
        try:
            with time_limit(max(SHORTEST, deadline - time.monotonic())):
                services.previews.flush()
                services.read_marks.flush()
                services.mention_marks.flush()
                services.quotas.flush()
                services.audit.flush()
                services.presence.end()
        except Exception:
            log.exception("not everything could be written at the end")
        finally:
            done.set()

    spawn(write)
    return done.wait(max(SHORTEST, deadline - time.monotonic()))


def body_limit(app: Flask, target: str) -> int:
    """Return the maximum size in bytes of the body of a request with a target."""
    path, _, query = target.partition("?")
    if is_streamed(target):
        return max(int(app.config["MAX_FILE_BYTES"]), int(app.config["MAX_BODY_BYTES"]))
    if path not in SOCKET_PATHS:
        return int(app.config["MAX_BODY_BYTES"])
    services: Services = app.extensions[EXTENSION]
    return int(services.socketio.server.eio.body_limit_of(query))


def is_streamed(target: str) -> bool:
    """Return whether the body of a request with a target is read by its view."""
    return is_upload(target.partition("?")[0])


def _wrapped(app: Flask, services: Services) -> WSGIApplication:
    """Wrap the app in the middleware for all requests, those of sockets included.

    The outermost middleware comes last.
    """
    config = app.config
    application: WSGIApplication = RequestTurns(
        app.wsgi_app, app, services.budgets, services.socketio.server.eio.session_of
    )
    application = CrossOrigin(application, parse_origins(config["CORS_ORIGINS"]))
    application = HostCheck(application, settings.hosts(config))
    application = SecurityHeaders(application)
    if config["TRUSTED_PROXIES"]:
        application = TrustedProxies(application, config["TRUSTED_PROXIES"])
    return application


def _add_sockets(app: Flask, services: Services) -> None:
    socketio = services.socketio
    for namespace in (DirectNamespace(app, services), GroupNamespace(app, services)):
        socketio.on_namespace(namespace)
    unsent = app.config["MAX_UNSENT_BYTES"]
    socketio.init_app(
        app,
        manager=_channel_manager(app.config["MESSAGE_QUEUE_URL"], services),
        max_http_buffer_size=app.config["MAX_BODY_BYTES"],
        max_payload=MAX_WAITING_SIZE,
        slow_bytes=unsent,
        max_polling=app.config["MAX_CONNECTIONS"],
        max_unsent=4 * unsent,
    )


def _channel_manager(queue_url: str, services: Services) -> ChannelManager:
    """Return the manager of channels; with a queue it also reaches clients of other processes."""
    if not queue_url:
        return ChannelManager()
    from chat.realtime.queue import QueuedChannelManager  # its package is an extra

    return QueuedChannelManager(queue_url, services.publisher.record_push_elsewhere)
