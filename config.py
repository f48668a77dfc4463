"""Every setting with its default; a number also with its least and greatest value.

An environment variable of the same name overrides it, and so does a line of `.env`. A secret may be
in a file of its own, named for example by `MAIL_PASSWORD_FILE`. The import raises SettingsError for
the first wrong value.
"""

from __future__ import annotations

from chat.environment import load_files, number, secret, switch, text

load_files()


class Config:
    # Serving
    HOST = text("HOST", "127.0.0.1")
    PORT = number("PORT", 5000, 1, 65_535)
    DATA_DIR = text("DATA_DIR", "var")  # for the secret key and the embedded database
    SECRET_KEY = secret("SECRET_KEY")  # empty: generated and stored in DATA_DIR/secret_key
    MAX_CONNECTIONS = number("MAX_CONNECTIONS", 10_000, 1, 1_000_000)
    # used only without a proxy
    CONNECTIONS_PER_ADDRESS = number("CONNECTIONS_PER_ADDRESS", 1_000, 1, 1_000_000)
    # of an HTTP body, of a Socket.IO packet
    MAX_BODY_BYTES = number("MAX_BODY_BYTES", 65_536, 16_384, 64 * 1024 * 1024)
    # queued for a slow client; it is dropped at four times that, or after 5 s without progress
    MAX_UNSENT_BYTES = number("MAX_UNSENT_BYTES", 1_048_576, 65_536, 1024 * 1024 * 1024)
    TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0, 0, 10)  # the number of reverse proxies in front
    HOSTS = text("HOSTS")  # the server's names, separated by commas; IP addresses need no entry
    CORS_ORIGINS = text("CORS_ORIGINS")  # separated by spaces; empty: only the server's own
    # The public URL of the page, for links; its host counts as in HOSTS.
    PUBLIC_URL = text("PUBLIC_URL")
    LOG_LEVEL = text("LOG_LEVEL", "INFO").upper()

    # The page
    SITE_NAME = text("SITE_NAME")  # what people call this installation
    SITE_LOGO = text("SITE_LOGO")  # the path of a picture: PNG, SVG, WebP or JPEG
    # off: the page's modules as they are, for those who work on them
    BUNDLE = switch("BUNDLE", True)

    # Data
    # redis://…: several processes exchange events at once; empty: within three seconds
    MESSAGE_QUEUE_URL = secret("MESSAGE_QUEUE_URL")
    # on: accept a queue without a password or TLS, for a private network
    QUEUE_INSECURE = switch("QUEUE_INSECURE", False)
    MONGO_URI = secret("MONGO_URI")  # empty: the embedded database; the default name is chat
    # the embedded database: mongod, secantusdb, or the first of them that starts here
    DATABASE = text("DATABASE", "auto").lower()
    # on: accept a database without a password or TLS on another machine, for a private network
    MONGO_INSECURE = switch("MONGO_INSECURE", False)

    # Mail. Without MAIL_SERVER it is printed; when serving others this needs MAIL=terminal.
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
    # at most 15, because a stolen token is valid as long
    ACCESS_TOKEN_MINUTES = number("ACCESS_TOKEN_MINUTES", 15, 1, 15)
    REFRESH_TOKEN_DAYS = number("REFRESH_TOKEN_DAYS", 30, 1, 3_650)
    # for which entries of the audit log are kept
    AUDIT_DAYS = number("AUDIT_DAYS", 90, 1, 3_650)

    # Files
    MAX_FILE_BYTES = number("MAX_FILE_BYTES", 25 * 1024 * 1024, 65_536, 1024 * 1024 * 1024)
    # all files of a user together; 0: no limit
    FILE_BYTES_PER_USER = number(
        "FILE_BYTES_PER_USER", 1024 * 1024 * 1024, 0, 1_000_000_000_000_000
    )

    # Web push
    # on: send to any address and port, for tests and private networks with a service of their own
    PUSH_ENDPOINTS_PRIVATE = switch("PUSH_ENDPOINTS_PRIVATE", False)

    # Rates, for each user
    RATE_LIMITS = switch("RATE_LIMITS", True)  # off: only if no other machine is served
    MESSAGES_PER_MINUTE = number("MESSAGES_PER_MINUTE", 600, 1, 1_000_000)
    # bytes of text by a user, and in a room by all users; 0: no limit
    MESSAGE_BYTES_PER_DAY_USER = number(
        "MESSAGE_BYTES_PER_DAY_USER", 100_000_000, 0, 1_000_000_000_000_000
    )
    MESSAGE_BYTES_PER_DAY_ROOM = number(
        "MESSAGE_BYTES_PER_DAY_ROOM", 1_000_000_000, 0, 1_000_000_000_000_000
    )
    JOINS_PER_MINUTE = number("JOINS_PER_MINUTE", 30, 1, 1_000_000)  # of groups, by number
    SEARCHES_PER_MINUTE = number("SEARCHES_PER_MINUTE", 120, 1, 1_000_000)  # for people
    MESSAGE_SEARCHES_PER_MINUTE = number("MESSAGE_SEARCHES_PER_MINUTE", 120, 1, 1_000_000)
    # of sockets; a page opens two
    CONNECTIONS_PER_MINUTE = number("CONNECTIONS_PER_MINUTE", 300, 1, 1_000_000)
    # concurrent sockets; a page has one
    CONNECTIONS_PER_USER = number("CONNECTIONS_PER_USER", 50, 1, 1_000_000)
    ROOMS_PER_MINUTE = number("ROOMS_PER_MINUTE", 30, 1, 1_000_000)  # new groups and direct rooms
    FILES_PER_MINUTE = number("FILES_PER_MINUTE", 120, 1, 1_000_000)  # uploads
    CHANGES_PER_MINUTE = number("CHANGES_PER_MINUTE", 120, 1, 1_000_000)  # of rooms and profiles
