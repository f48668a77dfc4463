"""Every setting with its default. An environment variable of the same name overrides it.

So does a line of `.env`. A secret may be in a file of its own: `MAIL_PASSWORD_FILE` names it.
"""

from __future__ import annotations

from chat.environment import load_files
from chat.environment import secret as _secret
from chat.environment import text as _text

load_files()


def _number(name: str, default: int) -> int | str:
    """Return the number, or the text as it was given, for `chat.settings` to complain about."""
    value = _text(name) or str(default)
    try:
        return int(value)
    except ValueError:
        return value


def _switch(name: str, default: bool) -> bool | str:
    """Return on/off as a boolean, or the text as it was given when it is neither."""
    value = _text(name).lower() or ("on" if default else "off")
    known = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    return known.get(value, value)


class Config:
    # Serving
    HOST = _text("HOST", "127.0.0.1") or "127.0.0.1"
    PORT = _number("PORT", 5000)
    DATA_DIR = _text("DATA_DIR", "var") or "var"  # secret key and embedded database live here
    SECRET_KEY = _secret("SECRET_KEY")  # empty: generated and kept in DATA_DIR/secret_key
    MAX_CONNECTIONS = _number("MAX_CONNECTIONS", 10_000)
    CONNECTIONS_PER_ADDRESS = _number("CONNECTIONS_PER_ADDRESS", 1_000)  # without a proxy
    MAX_BODY_BYTES = _number("MAX_BODY_BYTES", 65_536)  # of an HTTP body, of a Socket.IO packet
    # may wait for a slow client; it is dropped at four times that, or when nothing leaves for 5 s
    MAX_UNSENT_BYTES = _number("MAX_UNSENT_BYTES", 1_048_576)
    TRUSTED_PROXIES = _number("TRUSTED_PROXIES", 0)  # how many reverse proxies stand in front
    HOSTS = _text("HOSTS")  # the names people reach it by, separated by commas; addresses need none
    CORS_ORIGINS = _text("CORS_ORIGINS")  # separated by spaces; empty: this origin alone
    # Where people reach the page: a name as in HOSTS, and for links.
    PUBLIC_URL = _text("PUBLIC_URL")
    LOG_LEVEL = _text("LOG_LEVEL", "INFO").upper() or "INFO"

    # Data
    # redis://…: several processes tell each other at once; empty: within three seconds
    MESSAGE_QUEUE_URL = _secret("MESSAGE_QUEUE_URL")
    # on: the queue may do without a password or TLS, on a network nobody shares
    QUEUE_INSECURE = _switch("QUEUE_INSECURE", False)
    MONGO_URI = _secret("MONGO_URI")  # empty: the embedded database; without a name in it: chat
    # on: another machine's database may do without a password or TLS, on a network nobody shares
    MONGO_INSECURE = _switch("MONGO_INSECURE", False)

    # Mail. Without a server it is printed: for this machine alone, or with MAIL=terminal
    MAIL = _text("MAIL").lower()
    MAIL_SERVER = _text("MAIL_SERVER")
    MAIL_USE_TLS = _switch("MAIL_USE_TLS", False)  # STARTTLS
    MAIL_USE_SSL = _switch("MAIL_USE_SSL", MAIL_USE_TLS is False)  # TLS from the first byte
    MAIL_PORT = _number("MAIL_PORT", 465 if MAIL_USE_SSL else 587)
    MAIL_USERNAME = _text("MAIL_USERNAME")
    MAIL_PASSWORD = _secret("MAIL_PASSWORD")
    MAIL_DEFAULT_SENDER = _text("MAIL_DEFAULT_SENDER")

    # Accounts
    REGISTRATION = _text("REGISTRATION", "open").lower() or "open"  # or invitation, closed
    REGISTRATION_DOMAINS = _text("REGISTRATION_DOMAINS")  # of e-mail addresses; empty: any
    ACCESS_TOKEN_MINUTES = _number("ACCESS_TOKEN_MINUTES", 15)
    REFRESH_TOKEN_DAYS = _number("REFRESH_TOKEN_DAYS", 30)
    AUDIT_DAYS = _number("AUDIT_DAYS", 90)  # how long it is known who logged in, was removed, …

    # Rates, for each user
    RATE_LIMITS = _switch("RATE_LIMITS", True)  # off: for this machine alone
    MESSAGES_PER_MINUTE = _number("MESSAGES_PER_MINUTE", 600)
    # bytes of text, in a room by everybody; 0: any number
    MESSAGE_BYTES_PER_DAY_USER = _number("MESSAGE_BYTES_PER_DAY_USER", 100_000_000)
    MESSAGE_BYTES_PER_DAY_ROOM = _number("MESSAGE_BYTES_PER_DAY_ROOM", 1_000_000_000)
    JOINS_PER_MINUTE = _number("JOINS_PER_MINUTE", 30)  # of groups, by number
    SEARCHES_PER_MINUTE = _number("SEARCHES_PER_MINUTE", 120)  # for people
    CONNECTIONS_PER_MINUTE = _number("CONNECTIONS_PER_MINUTE", 300)  # of sockets; a page makes two
    CONNECTIONS_PER_USER = _number("CONNECTIONS_PER_USER", 50)  # sockets at once; a page has one
    ROOMS_PER_MINUTE = _number("ROOMS_PER_MINUTE", 30)  # made, groups and direct ones
    CHANGES_PER_MINUTE = _number("CHANGES_PER_MINUTE", 120)  # of rooms and profiles
