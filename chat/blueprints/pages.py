"""The web page, its files, and whether the server is well."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, request, send_from_directory

from chat.blueprints.http import answer, forget_odd_range
from chat.i18n import TAGS, choose_locale
from chat.middleware.security_headers import YEAR_SECONDS
from chat.origins import Origin, own_origin
from chat.wiring import services

pages = Blueprint("pages", __name__)

STATIC = Path(__file__).resolve().parent.parent / "static"


@pages.get("/")
@pages.get("/r/<path:_>")
@pages.get("/d/<path:_>")
def page(_: str = "") -> Response:
    """Answer with the shell; what the address means is the page's own business."""
    locale = choose_locale(request.cookies.get("locale"), request.headers.get("Accept-Language"))
    html = render_template(
        "page.html",
        language=TAGS[locale],
        domains=services().registration.named(),
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
    """Answer with a file of the page, to be kept for ever under the version it belongs to.

    A page opened before an update asks under the old version and gets today's file, not to be kept.
    """
    forget_odd_range()
    response = send_from_directory(STATIC, filename)
    if version == _version():
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


@pages.get("/health")
def health() -> Response:
    """Answer 200 for as long as this process serves: no restart of it brings a database back."""
    return answer({"status": "ok"})


@pages.get("/ready")
def ready() -> Response:
    """Answer 200 when this process can do its work, else 503 with the reason."""
    services().readiness.check()
    return answer({"status": "ok"})


def _content_security_policy(own: Origin | None) -> str:
    """Return what the page may do: its own files and sockets, no markup made from text."""
    sockets = f" ws://{own.netloc} wss://{own.netloc}" if own else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: https:",  # people's pictures, wherever they keep them
            f"connect-src 'self'{sockets}",  # Safari before 15.4 does not count sockets as 'self'
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
    """Return a digest of all files of the page: a new release has new addresses."""
    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@cache
def _modules() -> list[str]:
    """Return all modules, to be loaded at once instead of one import after the other."""
    folders = (STATIC / "js", STATIC / "vendor")
    paths = (path for folder in folders for path in folder.rglob("*.js"))
    return sorted(path.relative_to(STATIC).as_posix() for path in paths)


@cache
def _styles() -> list[str]:
    """Return the style sheets in their order: names start with a number."""
    return sorted(path.relative_to(STATIC).as_posix() for path in STATIC.glob("css/*.css"))
