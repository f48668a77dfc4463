"""The page's modules under node, its vendored files, and how the server hands the page out."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from harness.programs import node
from harness.servers import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_modules_pass_their_own_tests(module: Path) -> None:
    result = subprocess.run(
        [node(), "--test", str(module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert result.returncode == 0, result.stdout + result.stderr


SOURCES = sorted((ROOT / "chat/static/js").rglob("*.js"))
MEMBER = re.compile(r'( +)(?:async )?(?:"([^"]+)": |(\w+): |(\w+)\([^()]*\) \{$)')
STATEMENTS = {"if", "for", "while", "switch", "catch"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_object_has_two_members_of_one_name(source: Path) -> None:
    """The second would take the place of the first, and nothing would say so."""
    names: dict[int, set[str]] = {}  # of the objects that are open, by their indentation
    for line in filter(str.strip, source.read_text("utf-8").splitlines()):
        indentation = len(line) - len(line.lstrip())
        names = {at: known for at, known in names.items() if at <= indentation}
        found = MEMBER.match(line)
        name = next(filter(None, found.groups()[1:])) if found else None
        if name and name not in STATEMENTS:
            known = names.setdefault(indentation, set())
            assert name not in known, line
            known.add(name)


def test_vendored_files_are_what_the_manifest_says() -> None:
    command = [sys.executable, "tools/vendor_npm.py", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", ["/", "/r/123456789", "/d/someone", "/search"])
def test_the_page_forbids_everything_but_its_own_files(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "style=" not in response.text and "<script>" not in response.text


def test_a_host_name_with_a_policy_in_it_changes_no_policy(client: FlaskClient) -> None:
    response = client.get("/", headers={"Host": "localhost; script-src *"})
    assert response.status_code == 421
    assert "script-src" not in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("", None, "zh-Hans"),
        ("en-US,zh;q=0.5", None, "en"),
        ("fr,zh;q=0.5,en;q=0.1", None, "zh-Hans"),
        ("zh", "en", "en"),
        ("en", "<script>", "en"),
    ],
)
def test_the_page_comes_in_the_language_preferred(
    client: FlaskClient, accepted: str, chosen: str | None, language: str
) -> None:
    headers = {"Accept-Language": accepted}
    if chosen:
        client.set_cookie("locale", chosen)
    assert f'<html lang="{language}">' in client.get("/", headers=headers).text


@pytest.mark.parametrize(("bundled", "script"), [(True, "bundle/main.js"), (False, "js/main.js")])
def test_files_are_kept_for_ever_under_their_version_only(
    make_app: Callable[..., Flask], bundled: bool, script: str
) -> None:
    client = make_app(BUNDLE=bundled).test_client()
    page = client.get("/").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert any(address.endswith(script) for address in addresses)
    for address in set(addresses):
        response = client.get(address)
        assert response.status_code == 200, address
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        response.close()
    old = client.get(f"/static/000000000000/{script}")
    assert old.status_code == 200
    assert old.headers["Cache-Control"] == "no-cache"
    old.close()


@pytest.mark.parametrize("path", ["../app.py", "%2e%2e/app.py", "js", "js/nothing.js"])
def test_only_files_of_the_page_are_handed_out(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/000000000000/{path}").status_code == 404


def test_the_page_knows_whether_codes_are_printed_in_the_terminal(
    make_app: Callable[..., Flask],
) -> None:
    by_mail = {"MAIL_SERVER": "mail.example.org", "MAIL_DEFAULT_SENDER": "chat@example.org"}
    pages = [
        make_app(**settings).test_client().get("/").text
        for settings in ({"MAIL": "terminal"}, {"MAIL": "", **by_mail})
    ]
    assert 'data-mail="terminal"' in pages[0]
    assert 'data-mail=""' in pages[1]


def test_ready_asks_the_database_and_health_does_not(
    client: FlaskClient,
    make_app: Callable[..., Flask],
    unused_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for path in ("/health", "/ready"):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"data": {"status": "ok"}})
    # That database will not come.
    monkeypatch.setattr("chat.middleware.deadline.ANSWER_WITHIN", 0.3)
    without_database = make_app(MONGO_URI=unused_uri).test_client()
    assert without_database.get("/health").status_code == 200
    broken = without_database.get("/ready", headers={"Accept-Language": "en"})
    assert broken.status_code == 503
    assert broken.get_json() == {
        "error": {"code": "unavailable", "message": "The database does not answer."}
    }
