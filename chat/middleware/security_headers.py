"""What browsers must not do with an answer, whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

YEAR_SECONDS = 365 * 24 * 60 * 60
# Of what is no page: whatever a browser is made to show, it runs, loads and frames nothing.
NO_CONTENT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PERSONAL = ("/api", "/socket.io")  # nobody on the way may keep these answers


class SecurityHeaders:
    """WSGI middleware: add to every answer the headers that it does not have yet."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        wanted = {
            "Content-Security-Policy": NO_CONTENT,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",  # no other page shows or runs it
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
