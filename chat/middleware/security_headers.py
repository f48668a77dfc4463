"""Security headers, which restrict what a browser does with an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

YEAR_SECONDS = 365 * 24 * 60 * 60
# For answers other than the page: shown by a browser, they run, load and frame nothing.
NO_CONTENT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PERSONAL = ("/api", "/socket.io")  # caches must not store these answers


class SecurityHeaders:
    """WSGI middleware: adds the security headers that an answer does not have yet."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        wanted = {
            "Content-Security-Policy": NO_CONTENT,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",  # no page of another origin embeds it
        }
        if environ["PATH_INFO"].startswith(PERSONAL):
            wanted["Cache-Control"] = "no-store"
        if environ["wsgi.url_scheme"] == "https":
            wanted["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[..., Any]:
            given = {name.lower() for name, _ in headers}
            added = [header for header in wanted.items() if header[0].lower() not in given]
            return start_response(status, [*headers, *added], exc_info)

        return self._application(environ, start)
