"""All calls of the transport to eventlet; the rest of it does not depend on an event loop.

eventlet is imported inside the functions: commands load this package too, and have no event loop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Literal

Listener = Any
ON_CLOSED = "chat.on_closed"  # in the WSGI environment: the callback for the connection's end
# In the WSGI environment: a function that closes the connection after the answer if the body was
# not read whole. Without it, the server reads and ignores the rest.
ABANDON_BODY = "chat.abandon_body"


def at_end_of_turn(callback: Callable[[], None]) -> None:
    """Call back after every green thread that can run now has run."""
    from eventlet import hubs

    hubs.get_hub().schedule_call_global(0, callback)


def add_listener(
    kind: Literal["read", "write"],
    fileno: int,
    callback: Callable[[int], None],
    reused: Callable[[object], None],
) -> Listener:
    """Call back in the event loop whenever the file can be read or written. It must not wait.

    `reused` is called when the file number belongs to another file by now.
    """
    from eventlet import hubs

    hub = hubs.get_hub()
    listener = hub.add(kind, fileno, callback, reused, None)
    listener.greenlet = hub.greenlet  # otherwise it keeps the current greenlet alive
    return listener


def remove_listener(listener: Listener) -> None:
    """Stop calling back."""
    from eventlet import hubs

    hubs.get_hub().remove(listener)


def take_over(environ: dict[str, Any]) -> tuple[socket.socket, Callable[[], None]]:
    """Take the socket of a request over from eventlet's HTTP server.

    Return it with the callback to call when it is closed. The WSGI application must return no body
    afterwards.
    """
    from eventlet import wsgi

    original: socket.socket = environ["eventlet.input"].get_socket().fd
    family, kind, protocol = original.family, original.type, original.proto
    taken = type(original)(family, kind, protocol, fileno=original.detach())
    taken.setblocking(False)
    wsgi.WSGI_LOCAL.already_handled = True
    return taken, environ.get(ON_CLOSED, lambda: None)
