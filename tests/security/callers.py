"""Every kind of caller: the columns of the tables that say who gets what."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import jwt
from flask import Flask

from harness.people import Person, make_people

# A token that has ended; the owner's name on a stranger's session; and people with good tokens.
CALLERS = ("anonymous", "expired", "forged", "stranger", "former", "member", "admin", "owner")
WITHOUT_TOKEN = CALLERS[:3]


def row(text: str) -> dict[str, str]:
    """Read a row of a table: one word for each of the callers."""
    return dict(zip(CALLERS, text.split(), strict=True))


def count_cells(*tables: Mapping[Any, Collection[object]]) -> int:
    """Return how many checks tables hold: one for each caller in each of their rows."""
    return sum(len(cells) for table in tables for cells in table.values())


def changed(app: Flask, token: str, **claims: object) -> str:
    """Return a token of ours with other claims, well signed."""
    found = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(found | claims, app.config["SECRET_KEY"], algorithm="HS256")


class Cast:
    """One person for each caller, and someone whom things are done to."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        names = (*CALLERS[3:], "target", "peer", "asked", "disabled")
        self.people: dict[str, Person] = dict(zip(names, make_people(app, *names), strict=True))

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def token(self, caller: str, kind: str = "access") -> str | None:
        """Return what a caller shows instead of, or as, a token."""

        def of(person: Person) -> str:
            return person.refresh_token if kind == "refresh" else person.access_token

        if caller == "anonymous":
            return None
        if caller == "expired":
            return changed(self.app, of(self["owner"]), exp=int(time.time()) - 1)
        if caller == "forged":
            return changed(self.app, of(self["stranger"]), sub=self["owner"].id)
        return of(self[caller])

    def group(self, *others: str) -> dict[str, object]:
        """Make a group in which each has their role, with a message in it."""
        services = self.app.extensions["chat"]
        owner = self["owner"].model
        room = services.groups.create_group(owner, "Members only", "for us")
        for name in ("admin", "member", "former", "target", *others):
            services.joining.join(self[name].model, room.number or "")
        services.roles.set_role(owner, room.id, self["admin"].id, "admin")
        services.member_removal.remove_member(owner, room.id, self["former"].id)
        self["owner"].say({"id": room.id}, "among us")
        return {"id": room.id, "number": room.number}
