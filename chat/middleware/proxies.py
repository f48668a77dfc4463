"""Reads the headers of reverse proxies: the caller's address, the scheme and the host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chat.addresses import parse_address
from chat.origins import PORTS, SCHEMES, make_origin

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrustedProxies:
    """WSGI middleware: applies the `X-Forwarded-*` values of the last `count` proxies.

    Werkzeug's `ProxyFix` parses these headers as lists of quoted strings, so a quotation mark from
    a caller hides the values that the proxy adds after it. It also does not validate values.
    """

    def __init__(self, application: WSGIApplication, count: int) -> None:
        self._application = application
        self._count = count

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address = forwarded_address(environ.get("HTTP_X_FORWARDED_FOR", ""), self._count)
        if address is not None:
            environ["REMOTE_ADDR"] = address
        scheme = self._said(environ, "HTTP_X_FORWARDED_PROTO").lower()
        scheme = SCHEMES.get(scheme, scheme)
        if scheme in PORTS:
            environ["wsgi.url_scheme"] = scheme
        origin = make_origin(
            environ["wsgi.url_scheme"], self._said(environ, "HTTP_X_FORWARDED_HOST")
        )
        if origin is not None:
            environ["HTTP_HOST"] = origin.netloc
        return self._application(environ, start_response)

    def _said(self, environ: WSGIEnvironment, name: str) -> str:
        """Return the value of the outermost proxy; inner proxies may have added none."""
        values = _last(environ.get(name, ""), self._count)
        return values[0] if values else ""


def forwarded_address(header: str, count: int) -> str | None:
    """Return the caller's address in `X-Forwarded-For`, as the first of `count` proxies saw it.

    Return None if the header has fewer entries than there are proxies, because the caller may have
    written any of them.
    """
    callers = _last(header, count)
    return parse_address(callers[-count]) if len(callers) >= count else None


def _last(header: str, count: int) -> list[str]:
    """Return the last parts of a header, at most one for each proxy.

    Several lines with the same name count as one. Earlier parts come from the caller, may be long
    and are ignored.
    """
    parts = header.rsplit(",", count)[-count:] if header.strip() else []
    return [part.strip() for part in parts]
