"""The manifest and the service worker, which make the page an app."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, request

from chat.assets import Assets, assets
from chat.blueprints.content_coding import revalidated
from chat.bundle import STATIC
from chat.errors import NotFound
from chat.i18n import DEFAULT, LOCALES, TAGS, translate
from chat.logos import Logo
from chat.middleware.security_headers import NO_CONTENT

installable = Blueprint("installable", __name__)

BACKGROUND = "#f6f7f9"  # --bg of the page in light
ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("maskable-512.png", "512x512", "maskable"),
)
ICON_TYPES = ("image/png", "image/svg+xml", "image/webp")  # browsers take no others
KEPT_PICTURES = ("favicon.svg", "favicon-unread.svg")
WORKER = STATIC / "worker.js"


@installable.get("/manifest.webmanifest")
def manifest() -> Response:
    """Answer with what an installed app is called and looks like, in the language `?lang=`."""
    locale = LOCALES.get(request.args.get("lang", ""), DEFAULT)
    name = site_name(locale)
    described = {
        "id": "/",
        "name": name,
        "short_name": name,
        "lang": TAGS[locale],
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": BACKGROUND,
        "icons": _icons(assets(current_app.config["BUNDLE"]), current_app.config["LOGO"]),
    }
    body = json.dumps(described, ensure_ascii=False).encode()
    return revalidated(body, "application/manifest+json")


@installable.get("/sw.js")
def worker() -> Response:
    """Answer with the service worker, which names the files of this version.

    Without the bundle there is none: it would keep the modules that one is changing.
    """
    if not current_app.config["BUNDLE"]:
        raise NotFound()
    loaded = assets(True)
    logo: Logo | None = current_app.config["LOGO"]
    addresses = [loaded.address(name) for name in (*loaded.names, *KEPT_PICTURES)]
    shell = {
        "version": loaded.version,
        "files": [*addresses, logo_address(logo)] if logo else addresses,
        "icon": logo_address(logo) if logo else loaded.address("icons/icon-192.png"),
        "badge": loaded.address("icons/badge-96.png"),
    }
    body = f"const SHELL = {json.dumps(shell)};\n".encode() + WORKER.read_bytes()
    response = revalidated(body, "text/javascript")
    response.headers["Content-Security-Policy"] = f"{NO_CONTENT}; connect-src 'self'"
    return response


def site_name(locale: str) -> str:
    """Return what people call this installation."""
    return current_app.config["SITE_NAME"] or translate("page.name", locale)


def logo_address(logo: Logo) -> str:
    """Return the path of the logo, another one for another picture."""
    return f"/logo?v={logo.version}"


def _icons(loaded: Assets, logo: Logo | None) -> list[dict[str, str]]:
    if logo is not None and logo.mimetype in ICON_TYPES:
        address = logo_address(logo)
        return [{"src": address, "type": logo.mimetype, "sizes": "any", "purpose": "any"}]
    return [
        {
            "src": loaded.address(f"icons/{name}"),
            "type": "image/png",
            "sizes": sizes,
            "purpose": purpose,
        }
        for name, sizes, purpose in ICONS
    ]
