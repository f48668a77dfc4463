"""The web page, and the health checks."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, request

from chat.assets import assets
from chat.blueprints.content_coding import revalidated
from chat.blueprints.http import answer
from chat.blueprints.installable import logo_address, site_name
from chat.i18n import TAGS, choose_locale, translate
from chat.logos import Logo
from chat.origins import Origin, own_origin
from chat.wiring import services

pages = Blueprint("pages", __name__)

THEMES = ("light", "dark")
WORKER_POLICY = "chat-worker"  # of Trusted Types: makes the address of the service worker alone


@pages.get("/")
@pages.get("/r/<path:_>")
@pages.get("/d/<path:_>")
@pages.get("/me")
@pages.get("/search")
@pages.get("/register")
@pages.get("/reset")
def page(_: str = "") -> Response:
    """Answer with the page's HTML; the page itself interprets the path."""
    locale = choose_locale(request.cookies.get("locale"), request.headers.get("Accept-Language"))
    config = current_app.config
    logo: Logo | None = config["LOGO"]
    html = render_template(
        "page.html",
        language=TAGS[locale],
        locale=locale,
        theme=_theme(request.cookies.get("theme")),
        name=site_name(locale),
        needs_script=translate("page.needs_script", locale),
        site_name=config["SITE_NAME"],
        site_logo=logo_address(logo) if logo else "",
        touch_icon=logo_address(logo) if logo and logo.mimetype == "image/png" else "",
        bundled=config["BUNDLE"],
        assets=assets(config["BUNDLE"]),
        domains=services().registration.displayed_domains(),
        max_file_bytes=config["MAX_FILE_BYTES"],
        mail="terminal" if services().mailer.terminal else "",
        registration=services().registration.mode,
    )
    response = revalidated(html.encode(), "text/html")
    response.headers["Content-Security-Policy"] = _content_security_policy(
        own_origin(request.environ)
    )
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.vary.update(("Accept-Language", "Cookie"))
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


def _theme(chosen: str | None) -> str:
    """Return the theme that somebody chose; empty for the one of their system."""
    return chosen if chosen in THEMES else ""


def _content_security_policy(own: Origin | None) -> str:
    """Return the policy: only own files and sockets, and no HTML created from text."""
    sockets = f" ws://{own.netloc} wss://{own.netloc}" if own else ""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",  # blob: what the page has fetched with its token
            f"connect-src 'self'{sockets}",  # before 15.4, Safari's 'self' does not match sockets
            "manifest-src 'self'",
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            f"trusted-types {WORKER_POLICY}",
        ]
    )
