"""The static files that the page is made of, and the logo of this installation."""

from __future__ import annotations

import mimetypes

from flask import Blueprint, Response, current_app, request, send_from_directory

from chat.assets import assets, text_file
from chat.blueprints.content_coding import accepted_coding, encoded
from chat.blueprints.http import drop_unusable_range
from chat.bundle import STATIC
from chat.errors import NotFound
from chat.logos import Logo
from chat.middleware.security_headers import NO_CONTENT, YEAR_SECONDS

files = Blueprint("files", __name__)


@files.get("/static/<version>/<path:filename>")
def static(version: str, filename: str) -> Response:
    """Answer with a static file, cacheable for ever under the present version.

    A page opened before an update asks under the old version and gets the present file, which it
    must revalidate. Chunks of the bundle have their content's hash in their names, so a page never
    gets a chunk of another version in place of its own.
    """
    drop_unusable_range()
    response = _compressed(filename) or send_from_directory(STATIC, filename)
    is_present = version == assets(current_app.config["BUNDLE"]).version
    response.headers["Cache-Control"] = _caching(is_present)
    if text_file(filename) is not None:
        response.vary.add("Accept-Encoding")
    return response


@files.get("/logo")
def logo() -> Response:
    """Answer with the picture of SITE_LOGO, cacheable for ever under its own version.

    Opened as a page of its own, an SVG runs and loads nothing.
    """
    picture: Logo | None = current_app.config["LOGO"]
    if picture is None:
        raise NotFound()
    response = Response(picture.content, mimetype=picture.mimetype)
    response.headers["Content-Security-Policy"] = f"{NO_CONTENT}; sandbox"
    response.headers["Cache-Control"] = _caching(request.args.get("v") == picture.version)
    response.set_etag(picture.version)
    response.make_conditional(request)
    return response


def _caching(forever: bool) -> str:
    return f"public, max-age={YEAR_SECONDS}, immutable" if forever else "no-cache"


def _compressed(filename: str) -> Response | None:
    """Return the answer with a compressed file where there is one and the client accepts it."""
    content, coding = text_file(filename), accepted_coding()
    if content is None or coding is None or not current_app.config["BUNDLE"]:
        return None
    mimetype = mimetypes.guess_type(filename)[0] or "text/plain"
    response = encoded(content, mimetype, coding)
    response.make_conditional(request)
    return response
