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
        callers = self._last(environ, "HTTP_X_FORWARDED_FOR")
        # With fewer entries than proxies nobody knows which of them a proxy has made.
        if len(callers) >= self._count:
            environ["REMOTE_ADDR"] = parse_address(callers[-self._count])
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
        values = self._last(environ, name)
        return values[0] if values else ""

    def _last(self, environ: WSGIEnvironment, name: str) -> list[str]:
        """Return the last parts of a header, one for each proxy, or as many as there are.

        Several lines with that name count as one. What comes before is the caller's: it may be
        long, and nobody reads it.
        """
        header = environ.get(name, "")
        parts = header.rsplit(",", self._count)[-self._count :] if header.strip() else []
        return [part.strip() for part in parts]
