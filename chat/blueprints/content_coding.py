"""Compressed answers. Only what is the same for everybody is compressed, never an answer with a
secret in it: beside a text that somebody else chose, its length would tell the secret.
"""

from __future__ import annotations

import hashlib

from flask import Response, request

from chat.compression import CODINGS, compressed


def accepted_coding() -> str | None:
    """Return the best coding that the client accepts, None for the content as it is."""
    accepted = request.accept_encodings
    if request.range is not None:  # parts are parts of the content as it is
        return None
    best = max(CODINGS, key=accepted.quality)  # of equal ones the first
    quality = accepted.quality(best)
    named = any(coding.lower() == "identity" for coding, _ in accepted)
    if quality <= 0 or (named and accepted.quality("identity") > quality):
        return None
    return best


def encoded(content: bytes, mimetype: str, coding: str | None) -> Response:
    """Return an answer with a content in a coding, for which caches ask again by its ETag."""
    body = content if coding is None else compressed(content, coding)
    response = Response(body, mimetype=mimetype)
    digest = hashlib.sha256(content).hexdigest()[:16]
    response.set_etag(digest if coding is None else f"{digest}-{coding}")
    if coding is not None:
        response.headers["Content-Encoding"] = coding
    return response


def revalidated(content: bytes, mimetype: str) -> Response:
    """Return an answer in the best coding that the client accepts; caches ask again each time."""
    response = encoded(content, mimetype, accepted_coding())
    response.headers["Cache-Control"] = "no-cache"
    response.vary.add("Accept-Encoding")
    response.make_conditional(request)
    return response
