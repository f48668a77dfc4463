"""Settings from `.env` and secrets from files, read alike by the server and by every command."""

from __future__ import annotations

import os
import runpy
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chat import environment as settings
from chat.environment import SettingsError
from harness.servers import PATIENCE, ROOT, environment

SECRETS = ("SECRET_KEY", "MESSAGE_QUEUE_URL", "MONGO_URI", "MAIL_PASSWORD")
COMMANDS = {
    "the server": [str(ROOT / "wsgi.py")],
    "a command": ["-m", "flask", "--app", "chat.app", "version"],
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=COMMANDS, ids=lambda name: name.replace(" ", "-"))
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Run the server or a command in a directory; a wrong setting ends both at once."""

    def run_in(directory: Path, **given: object) -> subprocess.CompletedProcess[str]:
        extra = {"PYTHONPATH": ROOT, "FLASK_SKIP_DOTENV": "", "DATA_DIR": tmp_path / "var", **given}
        return subprocess.run(
            [sys.executable, *COMMANDS[request.param]],
            cwd=directory,
            env=environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return run_in


def write(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence that a failed start says."""
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line.removeprefix("Error: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "on"),
        ("MAIL_PORT", "-1"),
        ("MAX_CONNECTIONS", "0"),
        ("MAX_BODY_BYTES", "100"),
        ("TRUSTED_PROXIES", "1.5"),
        ("ACCESS_TOKEN_MINUTES", "16"),
        ("MESSAGES_PER_MINUTE", "0"),
        ("MONGO_INSECURE", "maybe"),
        ("QUEUE_INSECURE", "2"),
        ("REFRESH_TOKEN_DAYS", "month"),
        ("RATE_LIMITS", "maybe"),
        ("MAIL_USE_SSL", "tls"),
    ],
)
def test_a_wrong_number_or_switch_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        runpy.run_path(str(ROOT / "config.py"))
    text = str(caught.value)
    assert text.startswith(f"{name} must be ") and text.endswith(f", not {value!r}.")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("given", "expected"),
    [("on", True), ("TRUE", True), (" 1 ", True), ("Off", False), ("false", False), ("0", False)],
)
def test_a_switch_is_written_in_several_ways(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: bool
) -> None:
    monkeypatch.setenv("SOME_SWITCH", given)
    assert settings.switch("SOME_SWITCH", not expected) is expected


def test_an_empty_setting_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME", " ")
    assert settings.text("SOME", "this") == "this"
    assert settings.number("SOME", 7, 1, 9) == 7
    assert settings.switch("SOME", True) is True


@pytest.mark.parametrize("below", ["", "deep/down"])
def test_the_env_file_is_read_here_and_above(run: Run, tmp_path: Path, below: str) -> None:
    write(tmp_path / ".env", "PORT=seventy\n")
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    assert "not 'seventy'" in sentence(run(tmp_path / below))


def test_the_environment_goes_before_the_env_file(run: Run, tmp_path: Path) -> None:
    write(tmp_path / ".env", "PORT=seventy\n")
    assert "not 'eighty'" in sentence(run(tmp_path, PORT="eighty"))


@pytest.mark.parametrize("name", [".env", ".flaskenv"])
@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602])
def test_an_env_file_of_others_stops_the_start(
    run: Run, tmp_path: Path, name: str, mode: int
) -> None:
    file = write(tmp_path / name, "LOG_LEVEL=INFO\n", mode)
    expected = f"{file} can be read or changed by others: chmod 600 {file}"
    assert sentence(run(tmp_path)) == expected


def test_a_file_that_holds_a_secret_is_read_by_both(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "key", "short\n", 0o444)  # as Docker gives them
    assert "SECRET_KEY must have at least" in sentence(run(tmp_path, SECRET_KEY_FILE=file))


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_may_be_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value = secrets.token_hex(32)
    script = f"from config import Config; print(Config.{name})"
    extra = {f"{name}_FILE": write(tmp_path / "secret", value + "\n")}
    printed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(extra),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed == value + "\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" ä ", " ä ")],
)
def test_one_newline_is_cut_off_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, value: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    monkeypatch.setenv("MAIL_PASSWORD_FILE", str(file))
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)
    assert settings.secret("MAIL_PASSWORD") == value


def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    for name, problem in (
        ("missing", "cannot be read: No such file or directory."),
        ("", "cannot be read: Is a directory."),
        ("binary", "cannot be read: it is not text."),
        ("empty", "is empty."),
        ("large", "has more than 65536 bytes."),
    ):
        path = tmp_path / name
        monkeypatch.setenv("MAIL_PASSWORD_FILE", str(path))
        with pytest.raises(SettingsError) as caught:
            settings.secret("MAIL_PASSWORD")
        assert str(caught.value) == f"MAIL_PASSWORD_FILE={path} {problem}"


def test_a_secret_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "one")
    monkeypatch.setenv("MAIL_PASSWORD_FILE", str(write(tmp_path / "other", "two")))
    with pytest.raises(SettingsError, match="are both set"):
        settings.secret("MAIL_PASSWORD")
    monkeypatch.setenv("MAIL_PASSWORD_FILE", "")  # as it is passed on where nothing was given
    assert settings.secret("MAIL_PASSWORD") == "one"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_env_file_of_another_user_is_refused(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / ".env", "PORT=6000\n")
    os.chown(file, 65534, 65534)
    assert "belongs to another user" in sentence(run(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root owns a file as the administrator does")
def test_the_administrator_may_let_a_group_read_the_env_file(run: Run, tmp_path: Path) -> None:
    write(tmp_path / ".env", "PORT=seventy\n", 0o640)
    assert "not 'seventy'" in sentence(run(tmp_path))
