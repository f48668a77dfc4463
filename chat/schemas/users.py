"""Users and sessions on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chat.models import Session, User
from chat.schemas import fields
from chat.schemas.base import Schema, require_fields
from chat.schemas.passwords import NewPassword, Password
from chat.text.addresses import MAX_ADDRESS


class SendCodeSchema(Schema):
    email = fields.Email(required=True)
    purpose = fields.Choice(["register", "reset"], load_default="register")


class RegisterSchema(Schema):
    """An address with its code, or an invitation with or without an address and its code."""

    username = fields.Username(required=True)
    password = NewPassword(required=True)
    email = fields.Email()
    code = fields.Digits()
    invitation = fields.Token()
    nickname = fields.Nickname()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_proof(self, _: object, original: object, **__: object) -> None:
        if isinstance(original, Mapping) and ("invitation" not in original or "code" in original):
            require_fields(original, ("email", "code"))


class LogInSchema(Schema):
    """Names and passwords that were valid under any older rules are accepted for comparison."""

    username = fields.String(required=True, min=1, max=MAX_ADDRESS, strip=True)
    password = Password(required=True)


class ChangePasswordSchema(Schema):
    current_password = Password(required=True)
    password = NewPassword(required=True)


class DeleteAccountSchema(Schema):
    password = Password(required=True)


class ResetPasswordSchema(Schema):
    """An address with its code, or the token of a reset link."""

    email = fields.Email()
    code = fields.Digits()
    reset_token = fields.Token()
    password = NewPassword(required=True)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_proof(self, _: object, original: object, **__: object) -> None:
        if not isinstance(original, Mapping):
            return
        if "reset_token" not in original:
            require_fields(original, ("email", "code"))
        elif original.keys() & {"email", "code"}:
            raise ValidationError({"reset_token": ["invalid.not_both"]})


class ProfileSchema(Schema):
    nickname = fields.Nickname()
    sex = fields.Choice([0, 1, 2])
    locale = fields.Choice(["zh", "en"], allow_none=True)


class SearchSchema(Schema):
    q = fields.String(required=True, max=50, strip=True)


def dump_user(user: User) -> dict[str, Any]:
    """Return a user as everybody sees them."""
    return {
        "id": user.id,
        "username": user.username,
        "nickname": user.nickname,
        "sex": user.sex,
        "avatar": user.avatar,
        "created_at": user.created_at,
    }


def dump_own_user(user: User) -> dict[str, Any]:
    """Return a user as they see themselves."""
    return dump_user(user) | {"email": user.email, "locale": user.locale}


def dump_member_user(user: User, online: bool) -> dict[str, Any]:
    """Return a user as members of a shared room see them."""
    return dump_user(user) | {"online": online}


def dump_session(session: Session, current_id: str) -> dict[str, Any]:
    """Return one of a user's own sessions; `current_id` is that of the request."""
    return {
        "id": session.id,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "device": session.device,
        "current": session.id == current_id,
    }
