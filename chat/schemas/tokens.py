"""Tokens as they arrive: whatever is not a good one is unauthorized, not malformed."""

from __future__ import annotations

from marshmallow.fields import Raw

from chat.schemas.base import Schema


class AuthenticateSchema(Schema):
    token = Raw(load_default=None, allow_none=True)
