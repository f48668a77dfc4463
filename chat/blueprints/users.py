"""Accounts and sessions over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from chat import auth
from chat.auth import Identity, require_user
from chat.blueprints.http import (
    answer,
    client_address,
    device,
    heavy,
    load,
    load_query,
    no_content,
    request_locale,
)
from chat.middleware.transfers import IncomingBody
from chat.models import User
from chat.schemas.users import (
    ChangePasswordSchema,
    DeleteAccountSchema,
    LogInSchema,
    ProfileSchema,
    RegisterSchema,
    ResetPasswordSchema,
    SearchSchema,
    SendCodeSchema,
    dump_own_user,
    dump_session,
    dump_user,
)
from chat.services.sessions import Grant
from chat.wiring import services

users = Blueprint("users", __name__, url_prefix="/api")


@users.post("/users/code")
def send_code() -> Response:
    data = load(SendCodeSchema())
    expires_in = services().code_sender.send_code(
        **data, locale=request_locale(), address=client_address()
    )
    return answer({"expires_in": expires_in}, 202)


@users.post("/users")
def register() -> Response:
    data = load(RegisterSchema())
    return _answer_log_in(
        services().sign_up.register(
            **data, address=client_address(), device=device(), key=auth.session_key()
        ),
        201,
    )


@users.post("/session")
def log_in() -> Response:
    data = load(LogInSchema())
    grant = services().log_ins.log_in(
        data["username"],
        data["password"],
        address=client_address(),
        device=device(),
        device_token=auth.device_token(),
        key=auth.session_key(),
    )
    return _answer_log_in(grant, 200)


@users.post("/session/refresh")
def refresh() -> Response:
    claims = auth.refresh_claims()
    grant = services().sessions.refresh(
        claims.user_id, claims.session_id, claims.refresh_id, auth.session_key()
    )
    return auth.respond_with_tokens(grant, lambda tokens: answer(tokens))


@users.delete("/session")
def log_out() -> Response:
    claims = auth.logout_claims()
    services().sessions.log_out(
        claims.user_id, claims.session_id, claims.refresh_id, auth.session_key()
    )
    return auth.forget_cookie(no_content())


@users.get("/session")
@require_user
@heavy
def list_sessions(identity: Identity) -> Response:
    found = services().sessions.list(identity.user.id)
    return answer([dump_session(session, identity.session_id) for session in found])


@users.delete("/session/<session_id>")
@require_user
def end_session(identity: Identity, session_id: str) -> Response:
    services().sessions.end_own(identity.user.id, session_id)
    return no_content()


@users.put("/users/password")
def reset_password() -> Response:
    data = load(ResetPasswordSchema())
    by_link = "reset_token" in data
    reset = (
        services().password_resets.reset_password_by_link
        if by_link
        else services().password_resets.reset_password
    )
    return _with_device_cookie(no_content(), reset(**data, address=client_address()))


@users.put("/users/me/password")
@require_user
def change_password(identity: Identity) -> Response:
    data = load(ChangePasswordSchema())
    change = services().password_changes.change_password
    return _with_device_cookie(
        no_content(), change(identity.user, **data, address=client_address())
    )


@users.get("/users/me")
@require_user
def show_me(identity: Identity) -> Response:
    return answer(dump_own_user(identity.user))


@users.patch("/users/me")
@require_user
def edit_me(identity: Identity) -> Response:
    changes = load(ProfileSchema())
    return answer(dump_own_user(services().profiles.update_profile(identity.user, changes)))


@users.put("/users/me/avatar")
@require_user
def set_my_avatar(identity: Identity) -> Response:
    body = IncomingBody(request.environ, identity)
    return answer(dump_own_user(services().avatars.set_of_user(identity.user, body)))


@users.delete("/users/me/avatar")
@require_user
def remove_my_avatar(identity: Identity) -> Response:
    return answer(dump_own_user(services().avatars.remove_of_user(identity.user)))


@users.delete("/users/me")
@require_user
def delete_me(identity: Identity) -> Response:
    data = load(DeleteAccountSchema())
    services().account_deletion.delete_account(identity.user, **data, address=client_address())
    return auth.forget_cookie(no_content())


@users.get("/users/<username>")
@require_user
def show(identity: Identity, username: str) -> Response:
    return answer(dump_user(services().profiles.get_by_username(username)))


@users.get("/users")
@require_user
@heavy
def search(identity: Identity) -> Response:
    data = load_query(SearchSchema())
    found = services().profiles.search(identity.user, data["q"])
    return answer([dump_user(user) for user in found])


def _answer_log_in(grant: Grant, status: int) -> Response:
    def to_answer(tokens: dict[str, Any]) -> Response:
        return answer({"user": dump_own_user(grant.user), **tokens}, status)

    response = auth.respond_with_tokens(grant, to_answer)
    return _with_device_cookie(response, grant.user)


def _with_device_cookie(response: Response, user: User) -> Response:
    """Set the cookie by which the account knows this browser until its password changes."""
    return auth.remember_device(response, services().log_ins.device_token_for(user))
