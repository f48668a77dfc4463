"""Flask's extensions, created unbound; `init_app` binds them and fixes what may not vary."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, current_app
from flask_jwt_extended import JWTManager
from flask_mail import Mail

from chat.smtp import VerifiedConnection

CLOCKS_DIFFER = timedelta(minutes=10)  # at most, between processes
MIN_SECRET_BYTES = 32  # of HS256: PyJWT itself takes any length


class VerifiedMail(Mail):
    """Flask-Mail over `VerifiedConnection`."""

    def connect(self) -> VerifiedConnection:
        """Return a connection that is made when it is entered."""
        return VerifiedConnection(current_app.extensions["mail"])


jwt = JWTManager()
mail = VerifiedMail()


def init_app(app: Flask) -> None:
    """Bind all extensions; raise ValueError when the secret key is too short."""
    _init_jwt(app)
    app.config.setdefault("MAIL_SUPPRESS_SEND", False)  # by default tests would send nothing
    mail.init_app(app)


def _init_jwt(app: Flask) -> None:
    secret = app.config.get("JWT_SECRET_KEY") or app.config.get("SECRET_KEY")
    if secret and len(secret.encode() if isinstance(secret, str) else secret) < MIN_SECRET_BYTES:
        raise ValueError(f"SECRET_KEY needs at least {MIN_SECRET_BYTES} bytes.")
    app.config.update(
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_TOKEN_LOCATION=["headers"],
        # what is random or doubled would make two tokens of the same grant differ
        JWT_COOKIE_CSRF_PROTECT=False,
        JWT_ENCODE_NBF=False,
        # The clock of the process that issued it may be ahead; `auth` is strict about the end.
        JWT_DECODE_LEEWAY=CLOCKS_DIFFER,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=app.config["ACCESS_TOKEN_MINUTES"]),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=app.config["REFRESH_TOKEN_DAYS"]),
    )
    jwt.init_app(app)
