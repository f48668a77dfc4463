"""A server that ends while connections wait in the kernel: `python -m tests.transport.ending`.

`/end` holds the event loop up until a line comes on standard input, and then takes no more
connections. Prints the port it listens on, and `held` when nothing runs beside any more.
"""

from __future__ import annotations

import sys
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

from collections.abc import Callable
from typing import Any

from chat.realtime.listener import ConnectionLimits, Listener

read_blocking = eventlet.patcher.original("os").read


def main() -> None:
    listener = Listener("127.0.0.1", 0, ConnectionLimits(100), 1_000)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/end":
            print("held", flush=True)
            read_blocking(sys.stdin.fileno(), 1)
            listener.close()
        start_response("200 OK", [])
        return [b"here"]

    print(listener.getsockname()[1], flush=True)
    listener.serve(application)


if __name__ == "__main__":
    main()
