"""Serve the app: `python wsgi.py`. Only this file patches the standard library, before all else."""

from __future__ import annotations

import gc
import os
import warnings

# eventlet's own resolver clashes with dnspython, which PyMongo asks about mongodb+srv addresses.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
# Each thread keeps the memory of its password hashes, and more threads are no faster.
os.environ.setdefault("EVENTLET_THREADPOOL_SIZE", "4")
# A deliberate choice: docs/design.md says why eventlet, and how it can be replaced.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

from chat.concurrency import resolve_names_in_threads, spawn, start_metering

resolve_names_in_threads()  # otherwise the system's resolver blocks the event loop
start_metering()

import ctypes
import logging
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from eventlet.queue import Queue
from flask import Flask
from pymongo.errors import PyMongoError

import chat.app
from chat import __version__, logs, migrations, settings
from chat.addresses import KNOWN_ADDRESSES, network_of, site_of
from chat.budgets import Budgets
from chat.database.errors import EmbeddedDatabaseError
from chat.environment import SettingsError
from chat.middleware.access_log import AccessLog
from chat.middleware.request_turns import payer_of
from chat.realtime.listener import ConnectionLimits, Listener
from chat.wiring import Services

STOP_SECONDS = 8.0  # the documentation promises ten
M_MMAP_THRESHOLD = -3  # of glibc's `mallopt`
LARGE_BLOCK = 128 << 10  # bytes
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = logging.getLogger("wsgi")


class StartError(RuntimeError):
    """The server cannot start; the text is one sentence."""


class Service:
    """Starts, serves and stops the app."""

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._app: Flask | None = None
        self._started = False

    def run(self) -> None:
        """Start everything, print the address, and serve until `stop`."""
        app = self._app = chat.app.create_app()
        from config import Config  # here, because the import raises SettingsError

        logs.configure(app.config["LOG_LEVEL"])
        services: Services = app.extensions["chat"]
        self._listener = _listen(app, services.budgets)
        _migrate(services)
        if services.embedded is not None:
            spawn(services.embedded.supervise, services.database.renew)
        _check_queue(services)
        chat.app.start(app)
        self._started = True
        # The advice is about the setting; the key in the app may be generated.
        note = settings.advice({**app.config, "SECRET_KEY": Config.SECRET_KEY})
        if note:
            log.warning(note)
        _collect_seldom()
        _give_memory_back()
        log.info("version %s", __version__)
        _print_address(app.config)
        self._listener.serve(AccessLog(app))

    def stop(self) -> None:
        """Refuse connections, finish the work under way, and stop the embedded database last."""
        deadline = time.monotonic() + STOP_SECONDS
        if self._app is not None:
            self._app.extensions["chat"].readiness.end()  # before it refuses connections
        if self._listener is not None:
            self._listener.close()
        if self._app is None:
            return
        services: Services = self._app.extensions["chat"]
        try:
            if self._started:
                chat.app.stop(self._app)
            services.database.close()
        finally:
            if services.embedded is not None:
                services.embedded.stop(max(0.5, deadline - time.monotonic()))


def _listen(app: Flask, budgets: Budgets) -> Listener:
    config = app.config
    host, port = config["HOST"], config["PORT"]
    total, per_caller = config["MAX_CONNECTIONS"], config["CONNECTIONS_PER_ADDRESS"]
    if config["TRUSTED_PROXIES"]:  # then all connections come from the proxy's address
        per_caller = total
    try:
        return Listener(
            host,
            port,
            ConnectionLimits(total, per_caller, _caller, _site),
            config["MAX_BODY_BYTES"],
            partial(chat.app.body_limit, app),
            payer_of(budgets, config["TRUSTED_PROXIES"]),
            chat.app.is_streamed,
        )
    except (socket.gaierror, UnicodeError):  # UnicodeError: an invalid name
        raise StartError(f"HOST={host} is not an address of this machine.") from None
    except OSError as error:
        raise StartError(f"Cannot listen on HOST={host} PORT={port}: {error.strerror}.") from None


@lru_cache(KNOWN_ADDRESSES)
def _caller(address: str) -> str | None:
    """Return the network whose connections are counted together; None for this machine."""
    caller = network_of(address)
    return None if settings.is_loopback(address) or settings.is_loopback(caller) else caller


def _site(address: str) -> str | None:
    """Return the site whose networks are counted together, or None."""
    return None if _caller(address) is None else site_of(address)


def _give_memory_back() -> None:
    """Let glibc give large blocks back to the system when they are freed.

    By default it keeps them after the first one, and chunks of a hundred uploads leave holes that
    take twice the memory. Other C libraries have nothing like it.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def _collect_seldom() -> None:
    """Make full garbage collections rare: one takes 0.3 s with 10,000 clients.

    The objects of a closed connection have no reference cycles, so they are freed without one.
    """
    gc.collect()
    gc.freeze()  # imported modules are never freed
    gc.set_threshold(10_000, 20, 10)


def _migrate(services: Services) -> None:
    try:
        migrations.upgrade(services.database)
    except PyMongoError as error:
        raise StartError(services.database_probe.problem_of(error).detail) from None
    newer = migrations.newer(services.database)
    if newer:
        log.warning(migrations.NEWER, ", ".join(newer))


def _check_queue(services: Services) -> None:
    """Raise StartError for a wrong setting of Redis; an outage of Redis is only logged."""
    wrong = services.readiness.find_wrong_setting()
    if wrong is not None:
        raise StartError(wrong)


def _print_address(config: Mapping[str, Any]) -> None:
    try:
        print(_address(config), flush=True)
    except OSError as error:
        raise StartError(f"Cannot write to standard output: {error.strerror}.") from None


def _address(config: Mapping[str, Any]) -> str:
    host = config["HOST"]
    return f"http://{f'[{host}]' if ':' in host else host}:{config['PORT']}/"


EXPECTED = (StartError, SettingsError, EmbeddedDatabaseError, migrations.MigrationError)


def main() -> int:
    """Serve until a signal and return the exit code."""
    if not _are_streams_open():
        return 1
    logs.configure()
    ends: Queue = Queue()
    wake = _signal_pipe()
    service = Service()
    eventlet.spawn_n(_await_signal, wake, ends)
    eventlet.spawn_n(_run, service, ends)
    reason = ends.get()
    service.stop()
    if reason is None:
        return 0
    if isinstance(reason, EXPECTED):
        print(reason, file=sys.stderr)
    return _abandon_output()


def _are_streams_open() -> bool:
    """Return whether standard output and error are open; else report it on the other one."""
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)  # otherwise the first socket would be file 0
    for stream, name, other in (
        (sys.stdout, "output", sys.stderr),
        (sys.stderr, "error", sys.stdout),
    ):
        if stream is None:
            if other is not None:
                with suppress(OSError):
                    print(
                        f"Standard {name} is closed: point it to a file or /dev/null.", file=other
                    )
            return False
    return True


def _abandon_output() -> int:
    """Return the exit code of a failure; drop unprinted output, which Python would flush again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _run(service: Service, ends: Queue) -> None:
    try:
        service.run()
    except EXPECTED as error:
        ends.put(error)
    except Exception as error:
        log.exception("cannot go on")
        ends.put(error)


def _signal_pipe() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets; the first one gets a byte for each signal.

    A signal handler would run inside the event loop and not wake it up; a byte does.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno())
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, lambda *_: None)
    return reader, writer


def _await_signal(pipe: tuple[socket.socket, socket.socket], ends: Queue) -> None:
    pipe[0].recv(1)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends the process at once
    ends.put(None)


if __name__ == "__main__":
    sys.exit(main())
