"""What reverse proxies in front say of a request: who calls, by which scheme, to which host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chat.addresses import parse_address
from chat.origins import PORTS, SCHEMES, make_origin

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrustedProxies:
    """WSGI middleware: take over what the last `count` proxies said in `X-Forwarded-*`.

    Werkzeug's `ProxyFix` reads these headers as lists of quoted strings: one quotation mark of a
    caller hides what the proxy adds behind it. And it takes every value as it comes.
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
        """Return what the outermost proxy said; those behind it may have kept its word alone."""
        values = _last(environ.get(name, ""), self._count)
        return values[0] if values else ""


def forwarded_address(header: str, count: int) -> str | None:
    """Return the caller's address as the first of `count` proxies saw it, by `X-Forwarded-For`.

    With fewer entries than proxies nobody knows which of them a proxy has made: then it is None.
    """
    callers = _last(header, count)
    return parse_address(callers[-count]) if len(callers) >= count else None


def _last(header: str, count: int) -> list[str]:
    """Return the last parts of a header, one for each proxy, or as many as there are.

    Several lines with that name count as one. What comes before is the caller's: it may be long,
    and nobody reads it.
    """
    parts = header.rsplit(",", count)[-count:] if header.strip() else []
    return [part.strip() for part in parts]
