"""Planning the accounts: no two may share a name or an address, in any spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bson import ObjectId
from marshmallow import ValidationError

from chat.adoption.errors import AdoptionError
from chat.adoption.present import Present, is_present
from chat.adoption.references import References
from chat.adoption.report import Report
from chat.adoption.source import Found, Source
from chat.adoption.variants import Document, text, times, without
from chat.logs import escape
from chat.repositories.name_parts import NAME_KEYS, NAME_PARTS
from chat.schemas import fields
from chat.services.passwords import is_affordable
from chat.text.addresses import fold_address
from chat.text.name_parts import endings_of
from chat.text.normalization import fold

LISTED_DOUBLES = 100
RENAMED = ("account", "nickname", "email_key")


@dataclass
class People:
    """All accounts of the source: their references, their names, and the new ones."""

    references: References
    names: dict[ObjectId, str] = field(default_factory=dict)  # to show
    new: list[Found] = field(default_factory=list)  # with documents in the present format


def plan_people(source: Source, present: Present, report: Report) -> People:
    """Plan the accounts; raise AdoptionError with a list when two share a username or an e-mail."""
    people = People(References("users", report))
    for found in source.read("user"):
        id_ = people.references.add(found.document)
        _refuse_own(source, found, id_, present)
        known = present.users.get(id_)
        report.add("users", present=known is not None)
        if known is None:
            adopted = Found(_document(found.document, id_), found.replaces)
            people.new.append(adopted)
            if text(found.document, "avatar"):
                report.note("addresses of users' pictures: dropped, they upload them anew", id_)
            known = adopted.document
        people.names[id_] = text(known, "nicname", "username")
    _refuse_doubles(people, present)
    for found in people.new:
        _note(found.document, report)
    return people


def _refuse_own(source: Source, found: Found, id_: ObjectId, present: Present) -> None:
    """Raise AdoptionError if the other database to adopt is the chat's own."""
    if source.in_place:
        return
    if id_ in present.strange:
        raise AdoptionError(
            "--from seems to name the chat's own database: leave --from out to adopt it in place."
        )
    if is_present("user", found.document):
        raise AdoptionError(
            "The database that --from names has today's shape already, at least in part: leave"
            " --from out to adopt the rest in place, or move it with mongodump and mongorestore."
        )


def _document(old: Document, id_: ObjectId) -> Document:
    username = text(old, "username", "account").strip()
    nickname = text(old, "nicname", "nickname").strip() or username
    email = text(old, "email").strip()
    password = text(old, "password")
    new = {
        **without(old, *RENAMED),
        "_id": id_,
        "username": username,
        # Weak hashes are never accepted and dangerous to keep; hashes that are too expensive are
        # never checked.
        "password": password if is_affordable(password) else "",
        "nicname": nickname,
        "nickname_key": fold(nickname),
        "sex": old["sex"] if old.get("sex") in (0, 1, 2) else 0,
        "email": email,
        "avatar": "",  # an address of another server would tell it who looks when
        **times(old),
    }
    if username:
        new["username_key"] = fold(username)
    new[NAME_PARTS] = endings_of(*(new.get(name, "") for name in NAME_KEYS))
    if email:
        new["email_key"] = fold_address(email)
    return new


def _note(user: Document, report: Report) -> None:
    name = user["username"] or user["_id"]
    if not user["username"]:
        report.note("users without a username: they log in by e-mail", name)
    elif not fields.USERNAME.fullmatch(user["username"]):
        report.note("usernames outside today's rules: kept, and good for logging in", name)
    if user["password"]:
        return
    if _is_email(user["email"]):
        report.note("users who need a new password, by a code to their e-mail", name)
    else:
        report.note("users without password and usable e-mail: they cannot log in", name)


def _is_email(value: str) -> bool:
    try:
        fields.Email().deserialize(value)
    except ValidationError:
        return False
    return True


def _refuse_doubles(people: People, present: Present) -> None:
    new = [found.document for found in people.new]
    lines = [
        *_doubles("username", new, list(present.users.values())),
        *_doubles("email", new, list(present.users.values())),
    ]
    if lines:
        more = len(lines) - LISTED_DOUBLES
        rest = [f"  … and {more} more"] if more > 0 else []
        raise AdoptionError(
            "\n".join(
                [
                    "These names and addresses belong to more than one user: upper and lower case,"
                    " and the ways to write one letter, are the same here. Nothing was changed:"
                    " give each user one of their own.",
                    *lines[:LISTED_DOUBLES],
                    *rest,
                ]
            )
        )


def _doubles(name: str, new: list[Document], present: list[Document]) -> Iterator[str]:
    owners: dict[str, list[str]] = defaultdict(list)
    for users, where in ((present, ", here already"), (new, "")):
        for user in users:
            if user.get(f"{name}_key"):
                shown = f"{escape(user[name])} ({user['_id']}{where})"
                owners[user[f"{name}_key"]].append(shown)
    for found in owners.values():
        if len(found) > 1:
            yield f"  {name} {', '.join(found)}"
