"""Push subscriptions on the wire, as browsers give them to the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from marshmallow import ValidationError

from chat import base64url
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.text.addresses import ascii_host

MAX_ENDPOINT = 1_000
MAX_KEY = 200
AUTH_BYTES = 16


class EndpointUrl(fields.String):
    """The `https:` URL of a push service; where it leads is checked before each push."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min=1, max=MAX_ENDPOINT, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if not _is_https_url(text):
            raise ValidationError("invalid.endpoint")
        return text


class Keys(fields.Strict):
    """`{p256dh, auth}`: a point of the curve P-256, and 16 bytes, both in base64url."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, str]:
        if not isinstance(value, Mapping):
            raise ValidationError("invalid.object")
        if value.keys() != {"p256dh", "auth"}:
            raise ValidationError("invalid.value")
        point, secret = _decoded(value["p256dh"]), _decoded(value["auth"])
        if point is None or not _is_point(point) or secret is None or len(secret) != AUTH_BYTES:
            raise ValidationError("invalid.value")
        return base64url.encode(point), base64url.encode(secret)


class SubscribeSchema(Schema):
    endpoint = EndpointUrl(required=True)
    keys = Keys(required=True)
    text = fields.Boolean(load_default=False)


def _is_https_url(text: str) -> bool:
    """Return whether text is an `https:` URL without a user name or fragment.

    Its host is one that can be looked up.
    """
    if not text.startswith("https://") or not all("!" <= one <= "~" for one in text):
        return False
    try:
        parts = urlsplit(text)
        is_plain = "@" not in parts.netloc and not set("#\\") & set(text)
        return ascii_host(parts.hostname or "") is not None and parts.port != 0 and is_plain
    except ValueError:
        return False


def _decoded(text: object) -> bytes | None:
    if not isinstance(text, str) or len(text) > MAX_KEY:
        return None
    try:
        return base64url.decode(text.rstrip("="))
    except ValueError:
        return None


def _is_point(data: bytes) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        return False
    return data[:1] == b"\x04"  # uncompressed, as browsers send it
