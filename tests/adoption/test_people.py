"""Accounts: who may log in with what, and who would share a name with whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from chat import migrations
from chat.adoption.errors import AdoptionError
from harness.accounts import data_of, error_of, log_in, make_account, new_password
from harness.people import settle
from tests.adoption.conftest import Adoption, snapshot
from tests.adoption.old_server import OldServer
from tests.mailbox import Mailbox


@pytest.mark.parametrize("in_place", [False, True])
def test_double_names_and_addresses_stop_it_with_a_list_before_anything_is_written(
    adoption: Adoption, old: OldServer, in_place: bool
) -> None:
    if in_place:
        old = OldServer(adoption.database.db)
    old.add_user("Alice", email="one@example.org")
    old.add_user("alice", email="two@example.org")
    old.add_user("bob", email="Same@Example.org")
    old.add_user("carol", email="same@example.org")
    old.add_user("dave", email="")
    old.add_user("eve", email="")
    before = snapshot(adoption.database)
    for dry_run in (True, False):
        with pytest.raises(AdoptionError) as caught:
            adoption.run(in_place=in_place, dry_run=dry_run)
        lines = str(caught.value).splitlines()
        assert len(lines) == 3 and "Nothing was changed" in lines[0]
        assert "username Alice (" in lines[1] and ", alice (" in lines[1]
        assert "email Same@Example.org (" in lines[2] and ", same@example.org (" in lines[2]
    assert snapshot(adoption.database) == before


def test_a_name_that_somebody_has_here_stops_it_too(
    adoption: Adoption, old: OldServer, open_app: Callable[..., Flask]
) -> None:
    migrations.upgrade(adoption.database)
    app = open_app()
    make_account(app, "Alice")
    settle(app)
    old.add_user("alice")
    before = snapshot(adoption.database)
    with pytest.raises(AdoptionError, match=r"Alice \(\w+, here already\), alice \("):
        adoption.run()
    assert snapshot(adoption.database) == before


@pytest.mark.parametrize(
    "username",
    ["张伟", "a", "name with spaces", "someone@example.com", "x" * 60, "O'Brien/π?", "UPPER"],
)
def test_a_username_outside_todays_rules_is_kept_and_good_for_logging_in(
    adoption: Adoption, old: OldServer, open_app: Callable[..., Flask], username: str
) -> None:
    password = new_password()
    old.add_user(username, password, email="mail@example.org")
    lines = adoption.run()
    assert any(username in line for line in lines) == (username != "UPPER")
    app = open_app()
    for name in (username, username.swapcase(), f" {username}", "mail@example.org"):
        assert log_in(app.test_client(), name, password).user["username"] == username


def test_a_weak_hash_is_not_kept_and_a_mailed_code_gives_a_new_password(
    adoption: Adoption, old: OldServer, open_app: Callable[..., Flask]
) -> None:
    weak = old.add_user("alice")
    bcrypt = "$2a$10$" + "x" * 53
    old.add_user("bob", email="not an address")
    old.db["user"].update_one({"username": "bob"}, {"$set": {"password": bcrypt}})
    lines = adoption.run()
    assert "- users who need a new password, by a code to their e-mail: 1 (alice)" in lines
    assert "- users without password and usable e-mail: they cannot log in: 1 (bob)" in lines
    kept = {user["username"]: user["password"] for user in adoption.database.db["user"].find()}
    assert kept == {"alice": "", "bob": ""}
    with Mailbox() as mailbox:
        client = open_app(**mailbox.settings).test_client()
        for guess in (weak["password"], "password"):
            body = {"username": "alice", "password": guess}
            error_of(client.post("/api/session", json=body), 401)
        email = "alice@example.org"
        asked = client.post("/api/users/code", json={"email": email, "purpose": "reset"})
        assert asked.status_code == 202
        new = {"email": email, "code": mailbox.wait_for_code(email), "password": new_password()}
        assert client.put("/api/users/password", json=new).status_code == 204
        log_in(client, "alice", new["password"])


def test_a_hash_that_is_too_expensive_is_not_kept_and_is_listed(
    adoption: Adoption, old: OldServer
) -> None:
    for name, memory in (("alice", 1 << 20), ("bob", 64 * 1024)):
        user = old.add_user(name)
        made = f"$argon2id$v=19$m={memory},t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
        old.db["user"].update_one({"_id": user["_id"]}, {"$set": {"password": made}})
    lines = adoption.run()
    assert "- users who need a new password, by a code to their e-mail: 1 (alice)" in lines
    kept = {user["username"]: user["password"] for user in adoption.database.db["user"].find()}
    assert kept["alice"] == "" and "m=65536" in kept["bob"]


def test_no_name_steers_the_terminal_or_forges_a_line_of_the_report(
    adoption: Adoption, old: OldServer
) -> None:
    strange = "al\u202eice\n- users: 0"
    old.add_user(strange, new_password(), email="one@example.org")
    old.add_user("bob\x1b[2J", new_password(), email="two@example.org")
    lines = adoption.run(dry_run=True)
    assert all(line.isprintable() for line in lines), lines
    assert any(r"al\u202eice\n- users: 0" in line for line in lines)
    old.add_user(strange, new_password(), email="three@example.org")
    with pytest.raises(AdoptionError) as caught:
        adoption.run(dry_run=True)
    first, *doubles = str(caught.value).split("\n")
    assert len(doubles) == 1 and doubles[0].isprintable()


def test_addresses_of_pictures_are_dropped_and_listed(
    adoption: Adoption, old: OldServer, open_app: Callable[..., Flask]
) -> None:
    password = new_password()
    old.add_user("alice", password, avatar="javascript:alert(1)", sex="female")
    old.add_user("bob", password, avatar="https://example.org/bob.png", sex=2)
    lines = adoption.run()
    assert any(
        line.startswith("- addresses of users' pictures") and ": 2 (" in line for line in lines
    )
    client = open_app().test_client()
    alice, bob = (log_in(client, name, password) for name in ("alice", "bob"))
    assert (alice.user["avatar"], alice.user["sex"]) == ("", 0)
    assert (bob.user["avatar"], bob.user["sex"]) == ("", 2)
    assert [user["id"] for user in data_of(alice.get("/users?q=bob"))] == [bob.id]
