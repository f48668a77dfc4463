"""The output of commands is complete in any locale and to any target."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from chat import __version__
from chat.database.client import Database
from chat.demo.talk import PEOPLE
from harness.accounts import log_in
from harness.servers import PATIENCE, ROOT, environment
from tests.cli.commands import flask
from tests.conftest import with_database

ESCAPED = PEOPLE[0].nickname.encode("ascii", "backslashreplace").decode()


@pytest.fixture
def uri(migrated: Database, mongo_uri: str) -> str:
    return with_database(mongo_uri, migrated.db.name)


LOCALES: list[dict[str, Any]] = [
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": 0, "PYTHONUTF8": 0},
]


@pytest.mark.parametrize("locale", LOCALES, ids=str)
def test_a_locale_without_chinese_ends_no_command(
    uri: str, tmp_path: Path, make_app: Callable[..., Flask], locale: dict[str, Any]
) -> None:
    result = flask("seed", "demo", data_dir=tmp_path, MONGO_URI=uri, **locale)
    # click writes UTF-8 where Python would take ASCII, which no terminal is limited to any more
    assert ESCAPED in result.stdout or PEOPLE[0].nickname in result.stdout
    assert result.stderr == ""
    password = re.search(r"with the password (\S+)\n", result.stdout)
    assert password is not None
    log_in(make_app().test_client(), PEOPLE[0].username, password[1])


def test_commands_run_without_the_event_loop_and_its_warnings(tmp_path: Path) -> None:
    """They import what the server does, on the unpatched standard library."""
    script = (
        "import sys; from chat.app import create_app; create_app('config.Config');"
        " print('eventlet' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment({"DATA_DIR": tmp_path, "MONGO_URI": "mongodb://127.0.0.1:1/chat"}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (result.stdout, result.stderr) == ("False\n", "")


def test_a_latin_1_locale_of_the_system_ends_no_command(uri: str, tmp_path: Path) -> None:
    if shutil.which("localedef") is None:
        pytest.skip("no localedef to make a locale with")
    made = subprocess.run(
        ["localedef", "-i", "en_US", "-f", "ISO-8859-1", tmp_path / "en_US.ISO-8859-1"],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("this system cannot make a locale")
    locale: dict[str, Any] = {"LOCPATH": tmp_path, "LC_ALL": "en_US.ISO-8859-1"}
    result = flask("seed", "demo", data_dir=tmp_path, MONGO_URI=uri, **locale)
    assert "with the password " in result.stdout and ESCAPED in result.stdout


@pytest.mark.parametrize("command", [["seed", "demo"], ["seed", "users", "--count", "3"]], ids=str)
def test_the_password_is_printed_before_anybody_has_it(
    migrated: Database, uri: str, tmp_path: Path, command: list[str]
) -> None:
    """Without an output for the password, no account is created."""
    for redirection, said in ((">/dev/full", "No space left on device"), (">&-", "closed")):
        result = subprocess.run(
            ["sh", "-c", f'exec "$0" -m flask --app chat.app "$@" {redirection}']
            + [sys.executable, *command],
            cwd=ROOT,
            env=environment({"DATA_DIR": tmp_path, "MONGO_URI": uri}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert result.returncode == 1
        assert said in result.stderr and "Traceback" not in result.stderr
        assert migrated.db["user"].count_documents({}) == 0


def test_a_closed_pipe_ends_a_command_without_a_traceback(uri: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "chat.app", "seed", "demo"],
        cwd=ROOT,
        env=environment({"DATA_DIR": tmp_path, "MONGO_URI": uri}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == 1
    assert "Traceback" not in said and "Exception ignored" not in said


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert flask("version", data_dir=tmp_path).stdout == f"{__version__}\n"
    assert re.search(
        rf"^## {re.escape(__version__)}|^## Unreleased", (ROOT / "CHANGELOG.md").read_text(), re.M
    )
    assert not (tmp_path / "database").exists()
