"""One push by HTTP: to the checked address, with the certificate of the name, and no redirects."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from chat.push.endpoints import Endpoint

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
MAX_ANSWER = 4_096  # bytes that are read of an answer


@dataclass(frozen=True)
class Answer:
    """The status, and for how many seconds the service asks to wait, or None."""

    status: int
    retry_after: float | None = None


class _Connection(http.client.HTTPSConnection):
    """Connects to an address, and asks for the certificate of the host."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=ANSWER_SECONDS, context=context)
        self._endpoint = endpoint
        self._tls = context

    def connect(self) -> None:
        end = (self._endpoint.address, self._endpoint.port)
        plain = socket.create_connection(end, CONNECT_SECONDS)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._endpoint.host)
            self.sock.settimeout(ANSWER_SECONDS)
        except BaseException:
            plain.close()
            raise

    def abort(self) -> None:
        """End the exchange; whoever waits for the service gets an error."""
        with suppress(OSError):
            if self.sock:
                self.sock.shutdown(socket.SHUT_RDWR)


def post(
    endpoint: Endpoint, headers: Mapping[str, str], body: bytes, context: ssl.SSLContext
) -> Answer:
    """Send a push and return the answer; raise OSError or HTTPException where there is none."""
    connection = _Connection(endpoint, context)
    # The time-outs are for each step, and a service may take very many.
    end = threading.Timer(CONNECT_SECONDS + ANSWER_SECONDS, connection.abort)
    end.daemon = True
    end.start()
    try:
        connection.request("POST", endpoint.path, body, {**headers, "Host": endpoint.authority})
        answer = connection.getresponse()
        answer.read(MAX_ANSWER)
        return Answer(answer.status, _seconds_of(answer))
    finally:
        end.cancel()
        connection.close()


def _seconds_of(answer: http.client.HTTPResponse) -> float | None:
    """Return the seconds of `Retry-After`, which may be a date."""
    text = (answer.getheader("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(
            answer.getheader("Date", "")
        )
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None
