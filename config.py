"""Every setting with its default; a number also with the least and the most it may be.

An environment variable of the same name overrides it, and so does a line of `.env`. A secret may be
in a file of its own: `MAIL_PASSWORD_FILE` names it. Raises SettingsError for the first wrong value.
"""

from __future__ import annotations

from chat.environment import load_files, number, secret, switch, text

load_files()


class Config:
    # Serving
    HOST = text("HOST", "127.0.0.1")
    PORT = number("PORT", 5000, 1, 65_535)
    DATA_DIR = text("DATA_DIR", "var")  # secret key and embedded database live here
    SECRET_KEY = secret("SECRET_KEY")  # empty: generated and kept in DATA_DIR/secret_key
    MAX_CONNECTIONS = number("MAX_CONNECTIONS", 10_000, 1, 1_000_000)
    # without a proxy
    CONNECTIONS_PER_ADDRESS = number("CONNECTIONS_PER_ADDRESS", 1_000, 1, 1_000_000)
    # of an HTTP body, of a Socket.IO packet
    MAX_BODY_BYTES = number("MAX_BODY_BYTES", 65_536, 16_384, 64 * 1024 * 1024)
    # may wait for a slow client; it is dropped at four times that, or when nothing leaves for 5 s
    MAX_UNSENT_BYTES = number("MAX_UNSENT_BYTES", 1_048_576, 65_536, 1024 * 1024 * 1024)
    TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0, 0, 10)  # how many reverse proxies stand in front
    HOSTS = text("HOSTS")  # the names people reach it by, separated by commas; addresses need none
    CORS_ORIGINS = text("CORS_ORIGINS")  # separated by spaces; empty: this origin alone
    # Where people reach the page: a name as in HOSTS, and for links.
    PUBLIC_URL = text("PUBLIC_URL")
    LOG_LEVEL = text("LOG_LEVEL", "INFO").upper()

    # Data
    # redis://…: several processes tell each other at once; empty: within three seconds
    MESSAGE_QUEUE_URL = secret("MESSAGE_QUEUE_URL")
    # on: the queue may do without a password or TLS, on a network nobody shares
    QUEUE_INSECURE = switch("QUEUE_INSECURE", False)
    MONGO_URI = secret("MONGO_URI")  # empty: the embedded database; without a name in it: chat
    # on: another machine's database may do without a password or TLS, on a network nobody shares
    MONGO_INSECURE = switch("MONGO_INSECURE", False)

    # Mail. Without a server it is printed: for this machine alone, or with MAIL=terminal
    MAIL = text("MAIL").lower()
    MAIL_SERVER = text("MAIL_SERVER")
    MAIL_USE_TLS = switch("MAIL_USE_TLS", False)  # STARTTLS
    MAIL_USE_SSL = switch("MAIL_USE_SSL", MAIL_USE_TLS is False)  # TLS from the first byte
    MAIL_PORT = number("MAIL_PORT", 465 if MAIL_USE_SSL else 587, 1, 65_535)
    MAIL_USERNAME = text("MAIL_USERNAME")
    MAIL_PASSWORD = secret("MAIL_PASSWORD")
    MAIL_DEFAULT_SENDER = text("MAIL_DEFAULT_SENDER")

    # Accounts
    REGISTRATION = text("REGISTRATION", "open").lower()  # or invitation, closed
    REGISTRATION_DOMAINS = text("REGISTRATION_DOMAINS")  # of e-mail addresses; empty: any
    # no longer: a stolen one is good for as long
    ACCESS_TOKEN_MINUTES = number("ACCESS_TOKEN_MINUTES", 15, 1, 15)
    REFRESH_TOKEN_DAYS = number("REFRESH_TOKEN_DAYS", 30, 1, 3_650)
    # how long it is known who logged in, was removed, …
    AUDIT_DAYS = number("AUDIT_DAYS", 90, 1, 3_650)

    # Rates, for each user
    RATE_LIMITS = switch("RATE_LIMITS", True)  # off: for this machine alone
    MESSAGES_PER_MINUTE = number("MESSAGES_PER_MINUTE", 600, 1, 1_000_000)
    # bytes of text, in a room by everybody; 0: any number
    MESSAGE_BYTES_PER_DAY_USER = number(
        "MESSAGE_BYTES_PER_DAY_USER", 100_000_000, 0, 1_000_000_000_000_000
    )
    MESSAGE_BYTES_PER_DAY_ROOM = number(
        "MESSAGE_BYTES_PER_DAY_ROOM", 1_000_000_000, 0, 1_000_000_000_000_000
    )
    JOINS_PER_MINUTE = number("JOINS_PER_MINUTE", 30, 1, 1_000_000)  # of groups, by number
    SEARCHES_PER_MINUTE = number("SEARCHES_PER_MINUTE", 120, 1, 1_000_000)  # for people
    # of sockets; a page makes two
    CONNECTIONS_PER_MINUTE = number("CONNECTIONS_PER_MINUTE", 300, 1, 1_000_000)
    # sockets at once; a page has one
    CONNECTIONS_PER_USER = number("CONNECTIONS_PER_USER", 50, 1, 1_000_000)
    ROOMS_PER_MINUTE = number("ROOMS_PER_MINUTE", 30, 1, 1_000_000)  # made, groups and direct ones
    CHANGES_PER_MINUTE = number("CHANGES_PER_MINUTE", 120, 1, 1_000_000)  # of rooms and profiles
