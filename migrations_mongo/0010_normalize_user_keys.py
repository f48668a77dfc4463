"""Compute the keys of users anew: NFKC and full case folding in place of lower case.

Where two accounts would get one key, the account that has it already, or is read first, has it; the
other one keeps its old key. Both are still found by what their owners type: whoever looks for an
account looks for the key in lower case first. Nothing else of an account changes.

It reads every user once and writes only keys that differ, so it can be stopped and run again.
"""

import logging
import re
import unicodedata
from typing import Any

import idna
from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

BATCH = 500
LISTED = 20
DUPLICATE = 11_000
KEYS = {"username_key": "username", "email_key": "email", "nickname_key": "nicname"}
# Default_Ignorable_Code_Point of Unicode 16.0.
IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
FULL_WIDTH = {0xFF00 + code: 0x20 + code for code in range(1, 0x5F)}

log = logging.getLogger(__name__)


def migrate(db: Database[dict[str, Any]]) -> None:
    users = db["user"]
    kept: list[str] = []
    updates: list[UpdateOne] = []
    owners: list[str] = []
    for user in users.find({}, ["_id", *KEYS, *KEYS.values()], batch_size=2_000):
        for field, key in changes(user).items():
            updates.append(
                UpdateOne({"_id": user["_id"], field: user[field]}, {"$set": {field: key}})
            )
            owners.append(f"{user['_id']} ({field})")
        if len(updates) >= BATCH:
            kept += write(users, updates, owners)
            updates, owners = [], []
    kept += write(users, updates, owners)
    if kept:
        log.warning(
            "%d keys of users stay in lower case, because another account is written the same way:"
            " %s%s",
            len(kept),
            ", ".join(kept[:LISTED]),
            ", …" if len(kept) > LISTED else "",
        )


def changes(user: dict[str, Any]) -> dict[str, str]:
    """Return the keys that differ, by field. Documents that were not adopted yet have none."""
    found = {}
    for field, name in KEYS.items():
        if not isinstance(user.get(field), str) or not isinstance(user.get(name), str):
            continue
        key = (fold_address if field == "email_key" else fold)(user[name])
        if key and key != user[field]:
            found[field] = key
    return found


def write(users: Any, updates: list[UpdateOne], owners: list[str]) -> list[str]:
    """Write the keys and return whose key is another account's already."""
    if not updates:
        return []
    try:
        users.bulk_write(updates, ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(e["code"] != DUPLICATE for e in errors):
            raise
        return [owners[e["index"]] for e in errors]
    return []


def fold(text: str) -> str:
    folded = unicodedata.normalize("NFKD", IGNORABLE.sub("", text)).casefold()
    folded = unicodedata.normalize("NFKC", folded)
    return folded.replace("i\u0307", "i").replace("\u0131", "i") or text


def fold_address(address: str) -> str:
    local, at, domain = address.translate(FULL_WIDTH).rpartition("@")
    return unicodedata.normalize("NFC", local).lower() + at + fold_domain(domain)


def fold_domain(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return fold(domain)
