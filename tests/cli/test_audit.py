"""Reading the audit log from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from harness.people import make_people
from harness.servers import Server
from tests.cli.commands import command, flask


@pytest.mark.parametrize("name", ["x\n2026 forged", "\x1b[2Jx", "\u202ex\u2069"])
def test_each_entry_is_one_line_whatever_a_name_holds(
    app: Flask, tmp_path: Path, name: str
) -> None:
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group(bob)
    ada.patch(f"/rooms/{group['id']}/members/{bob.id}", json={"role": "admin"})
    # as only an adopted account can be called
    users = app.extensions["chat"].database.db["user"]
    users.update_one({"username": bob.username}, {"$set": {"username": name}})
    app.extensions["chat"].audit.flush()
    uri = app.config["MONGO_URI"]
    (line,) = command("audit", data_dir=tmp_path, MONGO_URI=uri).stdout.splitlines()
    said = re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z role_changed"
        r" by=(\S+) to=(.+) room=(\S+) from=127\.0\.0\.1 detail=admin",
        line,
    )
    assert said and said[1] == ada.username and said[3] == group["id"]
    assert line.isprintable()

    out = command(
        "audit", "--user", ada.username, "--json", data_dir=tmp_path, MONGO_URI=uri
    ).stdout
    assert json.loads(out)["target_id"] == bob.id
    limits = ("--action", "logged_in", "--limit", "5")
    assert command("audit", *limits, data_dir=tmp_path, MONGO_URI=uri).stdout == ""
    nobody = command("audit", "--user", "nobody", data_dir=tmp_path, check=False, MONGO_URI=uri)
    assert nobody.returncode == 1 and "nobody" in nobody.stderr


def test_entries_from_right_before_a_clean_stop_are_stored(app: Flask, tmp_path: Path) -> None:
    (ada,) = make_people(app, "ada")
    uri = app.config["MONGO_URI"]
    body = {"username": ada.username, "password": ada.password}
    with Server(tmp_path / "served", MONGO_URI=uri) as server:
        assert requests.post(f"{server.url}/api/session", json=body, timeout=60).ok
        assert server.stop() == 0
    ascii_alone: dict[str, Any] = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": 0, "PYTHONUTF8": 0}
    (line,) = flask("audit", data_dir=tmp_path, MONGO_URI=uri, **ascii_alone).stdout.splitlines()
    assert f" logged_in by={ada.username} from=127.0.0.1 " in line
