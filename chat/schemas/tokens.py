"""Access tokens on the wire: any invalid value is `unauthorized`, not a validation error."""

from __future__ import annotations

from marshmallow.fields import Raw

from chat.schemas.base import Schema


class AuthenticateSchema(Schema):
    token = Raw(load_default=None, allow_none=True)
