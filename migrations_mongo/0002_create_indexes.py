"""Create the indexes.

Unique ones cover only documents that have what was added: adopted documents may lack it or hold
doubles. Their filters are comparisons ("$gt" of the smallest value), because not every engine uses
a partial index filtered by "$exists".
"""

from typing import Any

from pymongo.database import Database

TEXT = {"$gt": ""}
NUMBER = {"$gt": 0}


def unique(name: str, *fields: str, **only: Any) -> dict[str, Any]:
    """Describe a unique index on `fields` of the documents that match `only`."""
    options: dict[str, Any] = {"name": name, "unique": True}
    if only:
        options["partialFilterExpression"] = only
    return {"keys": [(field, 1) for field in fields], **options}


def plain(name: str, *fields: str, **options: Any) -> dict[str, Any]:
    """Describe an index on `fields` of all documents."""
    return {"keys": [(field, 1) for field in fields], "name": name, **options}


INDEXES = {
    "user": [
        unique("username_unique", "username_key", username_key=TEXT),
        unique("email_unique", "email_key", email_key=TEXT),
        plain("nickname", "nickname_key"),
    ],
    "room": [
        unique("number_unique", "number", number=TEXT),
        unique("members_unique", "member_key", member_key=TEXT),
        plain("touched", "touched_at"),
        plain("owner", "user_identity"),
    ],
    "user_room": [
        unique("member_unique", "room_identity", "user_identity", role=TEXT),
        # Queries that do not speak of the role cannot use the partial one.
        plain("member", "room_identity", "user_identity"),
        plain("user", "user_identity"),
    ],
    "message": [
        unique("log_unique", "room_identity", "seq", seq=NUMBER),
        unique("client_unique", "room_identity", "user_identity", "client_id", client_id=TEXT),
        plain("created", "created_at"),
    ],
    "verification_code": [
        unique("purpose_unique", "email", "purpose"),
        plain("expiry", "expires_at", expireAfterSeconds=0),
    ],
    "session": [
        plain("user", "user_identity"),
        plain("ended", "ended_at"),
        plain("expiry", "expires_at", expireAfterSeconds=0),
    ],
}


def migrate(db: Database[dict[str, Any]]) -> None:
    for collection, indexes in INDEXES.items():
        for index in indexes:
            options = dict(index)
            db[collection].create_index(options.pop("keys"), **options)
