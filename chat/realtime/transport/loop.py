"""What the transport asks of eventlet; nothing else in it knows whose event loop it runs on.

Imported when called: commands load this package too, and have no loop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Literal

Listener = Any
LEFT = "chat.left"  # where a request has what its connection calls when it ends


def at_end_of_turn(callback: Callable[[], None]) -> None:
    """Call back when everything that can run now has run."""
    from eventlet import hubs

    hubs.get_hub().schedule_call_global(0, callback)


def listen(
    kind: Literal["read", "write"],
    fileno: int,
    callback: Callable[[int], None],
    lost: Callable[[object], None],
) -> Listener:
    """Call back in the loop, which may not wait, as often as the file can be read or written.

    `lost` is called when the number turns out to be another file's by now.
    """
    from eventlet import hubs

    hub = hubs.get_hub()
    listener = hub.add(kind, fileno, callback, lost, None)
    listener.greenlet = hub.greenlet  # or it would keep the one alive that happens to run now
    return listener


def untrack_room(listener: Listener) -> None:
    """Call back no more."""
    from eventlet import hubs

    hubs.get_hub().remove(listener)


def take_over(environ: dict[str, Any]) -> tuple[socket.socket, Callable[[], None]]:
    """Return the socket of a request, taken from eventlet's HTTP server, which forgets it.

    With it comes what is to be called when it is closed. The WSGI application returns no body after
    this.
    """
    from eventlet import wsgi

    original: socket.socket = environ["eventlet.input"].get_socket().fd
    family, kind, protocol = original.family, original.type, original.proto
    taken = type(original)(family, kind, protocol, fileno=original.detach())
    taken.setblocking(False)
    wsgi.WSGI_LOCAL.already_handled = True
    return taken, environ.get(LEFT, lambda: None)
