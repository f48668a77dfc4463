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


@dataclass(frozen=True)
class Answer:
    """The status, and for how many seconds the service asks to wait, or None."""

    status: int
    retry_after: float | None = None


class _Connection(http.client.HTTPSConnection):
    """Connects to an address, asks for the certificate of the host, and can be aborted."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=ANSWER_SECONDS, context=context)
        self._endpoint = endpoint
        self._tls = context
        self._wire: socket.socket | None = None  # the same connection, without TLS
        self.is_aborted = False

    def connect(self) -> None:
        end = (self._endpoint.address, self._endpoint.port)
        plain = socket.create_connection(end, CONNECT_SECONDS)
        try:
            self._wire = plain.dup()
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._endpoint.host)
            self.sock.settimeout(ANSWER_SECONDS)
        except BaseException:
            plain.close()
            raise

    def abort(self) -> None:
        """End the exchange, also amid the handshake: whoever waits for the service goes on."""
        self.is_aborted = True
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, if there is one."""
        super().close()
        if self._wire is not None:
            self._wire.close()


def post(
    endpoint: Endpoint, headers: Mapping[str, str], body: bytes, context: ssl.SSLContext
) -> Answer:
    """Send a push and return the answer, whose body is not read; raise OSError if there is none."""
    connection = _Connection(endpoint, context)
    # The time-outs are for each step, and a service may take very many, also in the handshake.
    end = threading.Timer(CONNECT_SECONDS + ANSWER_SECONDS, connection.abort)
    end.daemon = True
    end.start()
    try:
        connection.request("POST", endpoint.path, body, {**headers, "Host": endpoint.authority})
        answer = connection.getresponse()
    except http.client.HTTPException as error:
        raise ConnectionError("no answer that is HTTP") from error
    finally:
        end.cancel()
        connection.close()
    if connection.is_aborted:
        raise TimeoutError("the answer may be cut short")
    return Answer(answer.status, _seconds_of(answer))


def _seconds_of(answer: http.client.HTTPResponse) -> float | None:
    """Return the seconds of `Retry-After`, which may be a date."""
    text = (answer.getheader("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        now = parsedate_to_datetime(answer.getheader("Date", ""))
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
