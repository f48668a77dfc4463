"""The operator's commands, with and without running servers."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from chat.database.embedded import EmbeddedDatabase
from harness.accounts import ENGLISH, bearer, new_name, new_password
from harness.people import make_people
from harness.servers import Server
from tests.cli.commands import command, flask
from tests.wire import WireClient

DISCONNECT = 1  # of Socket.IO's packets


def columns(line: str) -> int:
    """Return how wide a line is in a terminal."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line)


def lines(*arguments: str, data_dir: Path, **settings: Any) -> list[str]:
    """Run a command and return what it printed, which fits a terminal."""
    run = command if "MONGO_URI" in settings else flask
    printed = run(*arguments, data_dir=data_dir, **settings).stdout.splitlines()
    assert all(columns(line) <= 80 and line.isprintable() for line in printed), printed
    return printed


def test_invitations_are_created_listed_and_revoked_with_and_without_a_running_server(
    tmp_path: Path,
) -> None:
    """With the embedded database, which whoever needs it first starts."""
    where: dict[str, Any] = {"data_dir": tmp_path, "PORT": 5001, "REGISTRATION": "invitation"}
    (early,) = lines("invite", **where)
    with Server(tmp_path, REGISTRATION="invitation", LOG_LEVEL="DEBUG") as server:
        (url,) = lines("invite", "--uses", "2", "--days", "3", **where)
        tokens = []
        for one in (early, url):
            match = re.fullmatch(r"http://127\.0\.0\.1:5001/#register=([A-Za-z0-9_-]{22})", one)
            assert match, one
            tokens.append(match[1])
        for token, status in ((tokens[0], 201), (tokens[0], 400), (tokens[1], 201)):
            body = {"username": new_name(), "password": new_password(), "invitation": token}
            made = requests.post(f"{server.url}/api/users", json=body, timeout=60)
            assert made.status_code == status, made.text
        where["MONGO_URI"] = EmbeddedDatabase(tmp_path).uri()
        first, second = lines("invite", "--list", **where)
        assert " 0 of 1 left " in first and " 1 of 2 left " in second
        revoked = second.split()[0]
        lines("invite", "--revoke", revoked, **where)
        body = {"username": new_name(), "password": new_password(), "invitation": tokens[1]}
        refused = requests.post(f"{server.url}/api/users", json=body, timeout=60)
        assert refused.status_code == 400
        again = command("invite", "--revoke", revoked, check=False, **where)
        assert (again.returncode, again.stdout) == (1, "")
        assert "no such invitation" in again.stderr
        audit = "\n".join(command("audit", **where).stdout.splitlines())
        log = server.log()
    assert "POST /api/users 201" in log and not any(token in log for token in tokens)
    assert audit.count("site_invitation_made by=(operator)") == 2
    assert f"site_invitation_revoked by=(operator) detail={revoked}" in audit
    assert not any(token in audit for token in tokens)


def test_a_link_leads_to_the_public_address(app: Flask, tmp_path: Path) -> None:
    uri = app.config["MONGO_URI"]
    public = "https://chat.example.org/"
    (url,) = lines("invite", data_dir=tmp_path, MONGO_URI=uri, PUBLIC_URL=public)
    assert url.startswith("https://chat.example.org/#register=")
    behind = {"TRUSTED_PROXIES": 1, "HOSTS": "a.example", "MAIL": "terminal", "MONGO_URI": uri}
    unknown = command("invite", data_dir=tmp_path, check=False, **behind)
    assert unknown.returncode == 1 and "PUBLIC_URL must name the address" in unknown.stderr
    assert app.extensions["chat"].database.db["link"].count_documents({}) == 1
    closed = command("invite", data_dir=tmp_path, check=False, MONGO_URI=uri, REGISTRATION="closed")
    assert closed.returncode == 1 and "REGISTRATION=closed" in closed.stderr


def test_a_disabled_user_loses_access_at_every_process_within_5_seconds(
    app: Flask, tmp_path: Path
) -> None:
    uri, data_dir = app.config["MONGO_URI"], tmp_path / "var"
    key = app.config["SECRET_KEY"]
    servers = [Server(tmp_path / str(one), MONGO_URI=uri, SECRET_KEY=key) for one in range(2)]
    ann, bob = make_people(app, "ann", "bob")
    group = ann.create_group(bob)
    with servers[0] as one, servers[1] as other:
        clients = [WireClient(one.url), WireClient(other.url), WireClient(other.url)]
        for client, person in zip(clients, (ann, ann, bob), strict=True):
            assert "sid" in client.connect("/group", person.token)
        disabled = flask("users", "disable", ann.username, data_dir=data_dir, MONGO_URI=uri)
        assert disabled.stdout == f"The account {ann.username} is disabled.\n"
        done = time.monotonic()
        for client in clients[:2]:
            client.wait(lambda entry: entry[0] == DISCONNECT)
        assert time.monotonic() - done < 5
        for server in (one, other):
            me = requests.get(f"{server.url}/api/users/me", headers=bearer(ann.token), timeout=60)
            assert me.status_code == 401
            with WireClient(server.url) as late:
                assert late.connect("/group", ann.token)["message"] == "unauthorized"
        sent = clients[2].call(
            "/group", "send_message", {"room_id": group["id"], "client_id": "1", "data": "on"}
        )
        assert "data" in sent
        body = {"username": ann.username, "password": ann.password}
        login = requests.post(f"{one.url}/api/session", json=body, headers=ENGLISH, timeout=60)
        assert login.status_code == 403 and "disabled" in login.json()["error"]["message"]
        (line,) = lines("users", "list", "--disabled", data_dir=data_dir, MONGO_URI=uri)
        assert line.startswith(ann.username) and " disabled" in line
        lines("users", "enable", ann.username, data_dir=data_dir, MONGO_URI=uri)
        login = requests.post(f"{other.url}/api/session", json=body, timeout=60)
        assert login.status_code == 200
        for client in clients:
            client.close()
    entries = command("audit", "--user", ann.username, data_dir=data_dir, MONGO_URI=uri).stdout
    for action in ("account_disabled", "account_enabled"):
        assert f"{action} by=(operator) to={ann.username}" in entries


def test_accounts_are_listed_and_shown_in_a_terminal_and_for_scripts(
    app: Flask, tmp_path: Path
) -> None:
    where: dict[str, Any] = {"data_dir": tmp_path, "MONGO_URI": app.config["MONGO_URI"]}
    ann, bob = make_people(app, "ann", "bob")
    group = ann.create_group(bob)
    ann.talk_to(bob)
    users = app.extensions["chat"].database.db["user"]
    hostile = {"nicname": "\x1b[2J汉" * 9, "email": "很" * 40 + "\n@x"}  # as only adopted data has
    users.update_one({"username": bob.username}, {"$set": hostile})
    listed = lines("users", "list", **where)
    assert [line.split()[0] for line in listed] == [ann.username, bob.username]
    shown = dict(line.split(":", 1) for line in lines("users", "show", ann.id, **where))
    assert shown["username"].strip() == ann.username and shown["rooms"].strip() == "2, owner of 1"
    printed = command("users", "list", "--json", **where).stdout
    assert [json.loads(line)["id"] for line in printed.splitlines()] == [ann.id, bob.id]
    found = json.loads(command("users", "show", ann.username, "--json", **where).stdout)
    assert (found["sessions"], found["rooms"], found["owned"]) == (1, 2, 1)
    assert not {"password", "password_hash"} & found.keys()
    listed = lines("rooms", "list", **where)
    assert [line.split()[0] for line in listed] == [group["number"], "direct"]
    (line,) = [one for one in lines("rooms", "show", group["number"], **where) if "owner" in one]
    assert line.split() == ["owner:", ann.username]
    nobody = command("users", "show", "nobody\n", check=False, **where)
    assert nobody.returncode == 1 and nobody.stderr == "Error: Nobody is called nobody\\n.\n"
    audit = command("audit", **where).stdout
    for action in ("accounts_listed", "account_shown", "rooms_listed", "room_shown"):
        assert f" {action} by=(operator)" in audit


def test_deletion_asks_for_confirmation_and_is_pushed_to_clients(
    app: Flask, tmp_path: Path
) -> None:
    where: dict[str, Any] = {"data_dir": tmp_path / "var", "MONGO_URI": app.config["MONGO_URI"]}
    ann, bob = make_people(app, "ann", "bob")
    group, direct = ann.create_group(bob), ann.talk_to(bob)
    key = app.config["SECRET_KEY"]
    with Server(tmp_path / "0", MONGO_URI=where["MONGO_URI"], SECRET_KEY=key) as server:
        with WireClient(server.url) as client:
            client.connect("/group", bob.token)
            client.connect("/direct", bob.token)
            for ending in (("users", "end", ann.username), ("rooms", "end", group["number"])):
                unsure = command(*ending, check=False, **where)
                assert unsure.returncode == 1 and "[y/N]" in unsure.stdout
            assert len(bob.rooms()) == 2
            for room in (group["number"], direct["id"]):
                lines("rooms", "end", room, "--yes", **where)
            for room in (group, direct):
                client.pushed("room_deleted", room_id=room["id"])
            assert bob.rooms() == []
            other = bob.create_group(ann)
            lines("users", "end", ann.username, "--yes", **where)
            assert set(bob.members(other)) == {bob.username}
            me = requests.get(f"{server.url}/api/users/me", headers=bearer(ann.token), timeout=60)
            assert me.status_code == 401
    audit = command("audit", **where).stdout
    assert f"group_deleted by=(operator) room={group['id']}" in audit
    assert f"direct_room_ended by=(operator) room={direct['id']}" in audit
    assert f"account_ended by=(operator) to={ann.id}" in audit


def test_a_link_sets_a_password_on_a_running_server(app: Flask, tmp_path: Path) -> None:
    where: dict[str, Any] = {"data_dir": tmp_path / "var", "MONGO_URI": app.config["MONGO_URI"]}
    (ann,) = make_people(app, "ann")
    result = command("users", "reset-link", ann.username, **where)
    match = re.fullmatch(r"http://127\.0\.0\.1:5000/#reset=([A-Za-z0-9_-]{22})\n", result.stdout)
    assert match and f"For {ann.username}, good once" in result.stderr
    new = new_password()
    with Server(tmp_path / "0", MONGO_URI=where["MONGO_URI"], LOG_LEVEL="DEBUG") as server:
        body = {"reset_token": match[1], "password": new}
        for status in (204, 400):
            reset = requests.put(f"{server.url}/api/users/password", json=body, timeout=60)
            assert reset.status_code == status
        login = {"username": ann.username, "password": new}
        assert requests.post(f"{server.url}/api/session", json=login, timeout=60).ok
        assert match[1] not in server.log()
    audit = command("audit", **where).stdout
    assert f"reset_link_made by=(operator) to={ann.username}" in audit and match[1] not in audit


def test_a_user_called_operator_is_not_shown_as_the_operator(app: Flask, tmp_path: Path) -> None:
    where: dict[str, Any] = {"data_dir": tmp_path, "MONGO_URI": app.config["MONGO_URI"]}
    services = app.extensions["chat"]
    (user,) = services.accounts.create_many(["operator"], new_password())
    services.audit.record("logged_in", user.id)
    services.audit.flush()
    (line,) = command("audit", **where).stdout.splitlines()
    assert "by=operator" in line and "(operator)" not in line
