"""What the files around the code promise."""

from __future__ import annotations

import ast
import configparser
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import Config
from harness.servers import PATIENCE, ROOT, environment

LOCKS = (
    "requirements.lock",
    "requirements-asyncio.lock",
    "requirements-audit.lock",
    "requirements-dev.lock",
    "requirements-go.lock",
    "requirements-node.lock",
)
PINNED = re.compile(r"^([a-z0-9-]+)==\S+", re.MULTILINE)


def pinned(lock: str) -> set[str]:
    return set(PINNED.findall((ROOT / lock).read_text()))


def requested(*extras: str) -> set[str]:
    """Return the packages that setup.cfg asks for, with those of the extras."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lists = [setup["options"]["install_requires"]]
    lists += [setup["options.extras_require"][extra] for extra in extras]
    lines = "\n".join(lists).splitlines()
    return {re.split(r"[\[<>=~ ]", line)[0] for line in lines if line and line[0] != "#"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_and_hashes_everything_and_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text and "--index" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert PINNED.match(block) and "--hash=sha256:" in block, block


def test_the_locks_hold_what_setup_cfg_asks_for() -> None:
    assert requested("embedded") <= pinned("requirements.lock")
    assert requested("embedded", "bots", "dev") <= pinned("requirements-dev.lock")


def test_what_runs_is_what_was_tested() -> None:
    lines = {
        lock: set(re.findall(r"^\S+==[^\\]+", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in LOCKS
    }
    assert lines["requirements.lock"] <= lines["requirements-dev.lock"]


def test_the_npm_lock_names_no_place_either() -> None:
    packages = json.loads((ROOT / "tests" / "node" / "package-lock.json").read_text())["packages"]
    assert packages
    for name, package in packages.items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")


def test_make_lists_each_of_its_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    shown = subprocess.run(
        ["make"], cwd=ROOT, env=environment({}), capture_output=True, text=True, timeout=PATIENCE
    )
    listed = {line.split()[1] for line in shown.stdout.splitlines()}
    assert listed == set(phony[1].split())


def test_every_python_that_will_not_do_is_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    find = ["sh", "tools/find_python.sh"]
    refused = subprocess.run(
        find, cwd=ROOT, env=environment({"PYTHON": old}), capture_output=True, text=True
    )
    assert refused.returncode == 1 and refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1 and "3.11" in refused.stderr
    found = subprocess.run(
        find, cwd=ROOT, env=environment({"PYTHON": sys.executable}), capture_output=True, text=True
    )
    assert found.stdout.strip()


def test_continuous_integration_runs_the_tests_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    lines = script.read_text().splitlines()
    assert lines[:2] == ["#!/usr/bin/env bash", "set -euo pipefail"]
    assert lines[-1] == "exec make test"


def test_every_setting_can_be_given_by_an_environment_variable_of_its_name() -> None:
    names = [name for name in dir(Config) if name.isupper()]
    given = {"PORT": "6000", "RATE_LIMITS": "off", "MAIL_USE_TLS": "on", "HOST": " ::1 "}
    script = f"from config import Config; print([getattr(Config, n) for n in {names!r}])"
    printed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(given),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    values = dict(zip(names, ast.literal_eval(printed), strict=True))
    assert values["PORT"] == 6000 and values["RATE_LIMITS"] is False and values["HOST"] == "::1"
    assert values["MAIL_USE_TLS"] is True and values["MAIL_USE_SSL"] is False
    assert values["MAIL_PORT"] == 587
    source = (ROOT / "config.py").read_text()
    for name in names:
        assert re.search(rf'\(\s*"{name}"', source), name


# What a named tuple offers, and how a process ends at once.
NOT_PRIVATE = {"_replace", "_exit"}
PATCHES = {"setattr", "getattr", "delattr", "patch", "object"}
# Says which private methods of the libraries are overridden, and notices when they change.
OF_LIBRARIES = ROOT / "tests" / "realtime" / "test_upstream.py"


def private_names_used(file: Path) -> set[str]:
    """Return the private names of others that a file reads, imports or patches by name."""
    tree = ast.parse(file.read_text("utf-8"))
    own, used = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            own.add(node.name)
        elif isinstance(node, ast.Attribute):
            of_itself = ast.unparse(node.value) in ("self", "cls", "super()")
            (own if of_itself else used).add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            used.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in PATCHES:
            named = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
            used.update(part for name in named for part in str(name).split("."))
    return {name for name in used - own - NOT_PRIVATE if re.match("_[^_]", name)}


def test_no_test_looks_inside_what_it_tests(tmp_path: Path) -> None:
    bad = tmp_path / "test_bad.py"
    bad.write_text(
        "from chat.bots.reader import _parts\n"
        "queue._take()\n"
        "monkeypatch.setattr(queue, '_put', 1)\n"
    )
    assert private_names_used(bad) == {"_parts", "_take", "_put"}
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "harness").rglob("*.py")]
    found = {str(file): private_names_used(file) for file in files if file != OF_LIBRARIES}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("folder", "others"),
    [("bench", "tests"), ("tests", "bench"), ("harness", "tests|bench"), ("chat", "harness")],
)
def test_what_is_for_tests_or_for_benches_is_imported_by_nobody_else(
    folder: str, others: str
) -> None:
    imported = re.compile(rf"^\s*(?:from|import) (?:{others})\b", re.MULTILINE)
    files = [
        file for file in (ROOT / folder).rglob("*.py") if (ROOT / "tests" / "bench") != file.parent
    ]
    assert files
    assert [str(file) for file in files if imported.search(file.read_text("utf-8"))] == []
