"""From a token to the one who calls: the same checks for views and for sockets.

Access tokens name the user and the session (`sid`); refresh tokens also the refresh id (`rid`) that
is good now. A token is only as alive as its session, which is read from the database every time,
unless the client has entered by the same session already.
"""

from __future__ import annotations

import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import jwt
from flask import Response, current_app, g, has_request_context, request
from flask_jwt_extended import create_access_token, create_refresh_token
from flask_jwt_extended.config import config as tokens
from jwt import PyJWK
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from chat.errors import InvalidInput, TokenExpired, Unauthorized
from chat.i18n import choose_locale
from chat.models import User
from chat.services.devices import TOKEN_DAYS
from chat.services.sessions import Grant
from chat.wiring import services

P = ParamSpec("P")
R = TypeVar("R")

CLAIMS = "chat.claims"  # in the WSGI environment: what a good access token says
COOKIE = "chat_refresh"
COOKIE_PATH = "/api/session"
DEVICE_COOKIE = "chat_device"
DEVICE_SECONDS = TOKEN_DAYS * 24 * 60 * 60
MAX_TOKEN = 4096  # ours have about 400 characters
SESSION_KEY = "X-Session-Key"
KEY = re.compile(r"[A-Za-z0-9_-]{22,128}")  # 22 characters of base64 are 128 bits


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, through which session, and until when (milliseconds) the token is good."""

    user: User
    session_id: str
    expires_at: int
    locale: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; `refresh_id` is empty in access tokens."""

    user_id: str
    session_id: str
    refresh_id: str
    expires_at: int


def issue_tokens(grant: Grant) -> dict[str, str]:
    """Return `{access_token, refresh_token}` of a session.

    The refresh token depends on the grant alone: asked for again, it is the very same.
    """
    session = {"sid": grant.session.id}
    issued = datetime.fromtimestamp(grant.session.rotated_at // 1000, UTC)
    refresh = {
        **session,
        "rid": grant.refresh_id,
        "jti": f"{grant.session.id}-{grant.session.rotated_at}",
        "iat": issued,
        "exp": issued + current_app.config["JWT_REFRESH_TOKEN_EXPIRES"],
    }
    return {
        "access_token": create_access_token(grant.user.id, additional_claims=session),
        "refresh_token": create_refresh_token(grant.user.id, additional_claims=refresh),
    }


def authenticate_token(token: object) -> Identity:
    """Return who an access token stands for; raise Unauthorized or TokenExpired.

    Needs an app context; the language is that of the request, when there is one.
    """
    return _identify(access_claims(token))


def _identify(claims: Claims) -> Identity:
    user = services().sessions.authenticate(claims.user_id, claims.session_id)
    header = request.headers.get("Accept-Language") if has_request_context() else None
    return Identity(user, claims.session_id, claims.expires_at, choose_locale(user.locale, header))


def require_user(view: Callable[Concatenate[Identity, P], R]) -> Callable[P, R]:
    """Call the view with the caller's `Identity` as first argument, or raise Unauthorized."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        identity = _identify(request.environ.get(CLAIMS) or access_claims(bearer_token()))
        g.locale = identity.locale
        return view(identity, *args, **kwargs)

    return wrapper


def access_claims(token: object) -> Claims:
    """Return what an access token says, without asking whether its session is alive."""
    return _decode(token, "access")


def remember_claims(environ: dict[str, Any]) -> Claims:
    """Return what the access token of a request says, and spare the view to read it again."""
    claims = access_claims(_bearer_token_of(environ.get("HTTP_AUTHORIZATION", "")))
    environ[CLAIMS] = claims
    return claims


def refresh_claims() -> Claims:
    """Return what the refresh token says, from the cookie where that was asked for."""
    return _decode(request.cookies.get(COOKIE) if uses_cookie() else bearer_token(), "refresh")


def logout_claims() -> Claims:
    """Return what the token says with which one logs out: an access or a refresh token."""
    if bearer_token() is None and uses_cookie():
        return _decode(request.cookies.get(COOKIE), "refresh")
    return _decode(bearer_token(), "access", "refresh")


def session_key() -> str | None:
    """Return the key to which a page binds its session, or None; raise InvalidInput for no key."""
    key = request.headers.get(SESSION_KEY)
    if key is not None and not KEY.fullmatch(key):
        raise InvalidInput({SESSION_KEY: ["invalid.value"]})
    return key


def uses_cookie() -> bool:
    """Tell whether this client keeps its refresh token in a cookie."""
    return request.headers.get("X-Session", "").lower() == "cookie"


def respond_with_tokens(grant: Grant, to_answer: Callable[[dict[str, str]], Response]) -> Response:
    """Answer with the tokens of a session: both in the body, or the refresh token in its cookie."""
    tokens = issue_tokens(grant)
    if not uses_cookie():
        return to_answer(tokens)
    refresh_token = tokens.pop("refresh_token")
    response = to_answer(tokens)
    response.set_cookie(
        COOKIE,
        refresh_token,
        max_age=current_app.config["JWT_REFRESH_TOKEN_EXPIRES"],
        path=COOKIE_PATH,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def device_token() -> str:
    """Return what this browser was given to be known by when it logged in before."""
    return request.cookies.get(DEVICE_COOKIE, "") if uses_cookie() else ""


def remember_device(response: Response, token: str) -> Response:
    """Let a client that keeps cookies be known to an account at its next log-in."""
    if uses_cookie():
        response.set_cookie(
            DEVICE_COOKIE,
            token,
            max_age=DEVICE_SECONDS,
            path=COOKIE_PATH,
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
    return response


def forget_cookie(response: Response) -> Response:
    """Take the refresh token's cookie away from a client that keeps one."""
    if uses_cookie():
        response.delete_cookie(
            COOKIE, path=COOKIE_PATH, secure=request.is_secure, httponly=True, samesite="Strict"
        )
    return response


def bearer_token() -> str | None:
    """Return the token of the `Authorization` header."""
    return _bearer_token_of(request.headers.get("Authorization", ""))


def _bearer_token_of(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


@lru_cache(maxsize=4)  # one in a process; tests have several apps
def _key(secret: str, algorithm: str) -> PyJWK:
    """Return the key of all tokens, checked once: PyJWT would check a secret at each token."""
    encoded = urlsafe_b64encode(secret.encode()).decode()
    return PyJWK({"kty": "oct", "alg": algorithm, "k": encoded})


def _decode(token: object, *types: str) -> Claims:
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN:
        raise Unauthorized()
    try:
        # By PyJWT itself: Flask-JWT-Extended, whose settings these are, parses a token three times.
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(tokens.decode_key, tokens.algorithm),
            tokens.decode_algorithms,
            leeway=tokens.leeway,
        )
    except ExpiredSignatureError:
        raise TokenExpired() from None
    # PyJWT lets errors of the decoders through: text that is not ASCII, endless nesting
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise Unauthorized() from None
    user_id, session_id = claims.get("sub"), claims.get("sid")
    refresh_id, expires = claims.get("rid", ""), claims.get("exp")
    if (
        claims.get("type") not in types
        or not isinstance(user_id, str)
        or not isinstance(session_id, str)
        or not isinstance(refresh_id, str)
        or not isinstance(expires, int)
    ):
        raise Unauthorized()
    if expires <= time.time():
        raise TokenExpired()
    return Claims(user_id, session_id, refresh_id, expires * 1000)
