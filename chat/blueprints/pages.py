"""The web page, its static files, and the health checks."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, request, send_from_directory

from chat.blueprints.http import answer, drop_unusable_range
from chat.i18n import TAGS, choose_locale
from chat.middleware.security_headers import YEAR_SECONDS
from chat.origins import Origin, own_origin
from chat.wiring import services

pages = Blueprint("pages", __name__)

STATIC = Path(__file__).resolve().parent.parent / "static"


@pages.get("/")
@pages.get("/r/<path:_>")
@pages.get("/d/<path:_>")
@pages.get("/me")
@pages.get("/register")
@pages.get("/reset")
def page(_: str = "") -> Response:
    """Answer with the page's HTML; the page itself interprets the path."""
    locale = choose_locale(request.cookies.get("locale"), request.headers.get("Accept-Language"))
    html = render_template(
        "page.html",
        language=TAGS[locale],
        domains=services().registration.displayed_domains(),
        mail="terminal" if services().mailer.terminal else "",
        modules=_modules(),
        registration=services().registration.mode,
        styles=_styles(),
        version=_version(),
    )
    response = make_response(html)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = _content_security_policy(
        own_origin(request.environ)
    )
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@pages.get("/static/<version>/<path:filename>")
def static(version: str, filename: str) -> Response:
    """Answer with a static file, cacheable for ever under the present version.

    A page opened before an update asks under the old version and gets the present file, which it
    must revalidate.
    """
    drop_unusable_range()
    response = send_from_directory(STATIC, filename)
    if version == _version():
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


@pages.get("/health")
def health() -> Response:
    """Answer 200 while this process serves, also during an outage of the database.

    A supervisor restarts what is not healthy, and a restart does not bring a database back.
    """
    return answer({"status": "ok"})


@pages.get("/ready")
def ready() -> Response:
    """Answer 200 if this process is ready, else 503 with the reason."""
    services().readiness.check()
    return answer({"status": "ok"})


def _content_security_policy(own: Origin | None) -> str:
    """Return the policy: only own files and sockets, and no HTML created from text."""
    sockets = f" ws://{own.netloc} wss://{own.netloc}" if own else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: https:",  # avatars may be on any server
            f"connect-src 'self'{sockets}",  # before 15.4, Safari's 'self' does not match sockets
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


@cache
def _version() -> str:
    """Return a digest of all static files, so that a new release has new URLs."""
    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@cache
def _modules() -> list[str]:
    """Return all modules to preload, so that the browser does not discover imports one by one."""
    folders = (STATIC / "js", STATIC / "vendor")
    paths = (path for folder in folders for path in folder.rglob("*.js"))
    return sorted(path.relative_to(STATIC).as_posix() for path in paths)


@cache
def _styles() -> list[str]:
    """Return the style sheets in the order of their names, which start with a number."""
    return sorted(path.relative_to(STATIC).as_posix() for path in STATIC.glob("css/*.css"))
