"""What is particular to mongod: its Unix socket, and which program is taken."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from chat.database.embedded import EmbeddedDatabase
from chat.database.engines import mongod
from chat.database.engines.mongod import MissingProgram, find_program
from chat.database.errors import EmbeddedDatabaseError
from harness.servers import PATIENCE, ROOT, environment
from tests.database.processes import read, record, run_as_nobody, wait_until, write


@pytest.fixture
def embedded_engine() -> str:
    return "mongod"


pytestmark = pytest.mark.usefixtures("mongod_starts")


def sockets_of(pid: int | None) -> set[str]:
    """Return the inodes of the open sockets of a process."""
    links = (os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir())
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def test_it_listens_on_a_unix_socket_alone(own: EmbeddedDatabase, tmp_path: Path) -> None:
    own.uri()
    path = tmp_path / "database" / "mongod.sock"
    assert record(tmp_path)["socket"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    inodes = sockets_of(own.child_pid)
    for table in ("tcp", "tcp6", "udp", "udp6"):
        _, *lines = Path(f"/proc/net/{table}").read_text().splitlines()
        assert not inodes & {line.split()[9] for line in lines}, table
    _, *lines = Path("/proc/net/unix").read_text().splitlines()
    bound = [line.split()[7] for line in lines if line.split()[6] in inodes and "/" in line]
    assert set(bound) == {str(path)}


# Another user of this machine, who knows where the socket is.
STRANGER = """
seen = []
for reach in (
    lambda: MongoClient(sys.argv[1], serverSelectionTimeoutMS=500)["chat"]["kept"].find_one(),
    lambda: MongoClient(sys.argv[1], serverSelectionTimeoutMS=500)["chat"]["kept"].insert_one({}),
    lambda: os.listdir(os.path.dirname(sys.argv[2])),
    lambda: os.unlink(sys.argv[2]),
):
    try:
        seen.append(reach())
    except (PyMongoError, PermissionError):
        pass
print(seen)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("folder", ["", "x" * mongod.LONGEST_PATH])
def test_another_user_of_the_machine_reads_and_writes_nothing(tmp_path: Path, folder: str) -> None:
    own = EmbeddedDatabase(tmp_path / folder, engine="mongod")
    try:
        uri = own.uri()
        write(uri, 1)
        for parent in tmp_path.parents[:-1]:  # the path alone must not be what keeps others out
            parent.chmod(0o755)
        assert run_as_nobody(STRANGER, uri, str(record(tmp_path / folder)["socket"])) == ("[]", "")
        assert read(uri) == [1]
    finally:
        own.stop()


def test_a_long_path_of_the_data_has_its_socket_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Path(os.environ.get("TMPDIR", "/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    deep = tmp_path / ("deep" * 30)
    own = EmbeddedDatabase(deep, engine="mongod")
    try:
        write(own.uri(), 1)
        path = Path(str(record(deep)["socket"]))
        assert len(str(path)) <= mongod.LONGEST_PATH and path.parent.parent == runtime
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        # A program with another environment finds it by the record.
        assert read(EmbeddedDatabase(deep).uri()) == [1]
    finally:
        own.stop()


def test_a_directory_for_the_socket_that_others_can_enter_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tempfile.mkdtemp()  # shorter than the path of `tmp_path`
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    deep = tmp_path / ("deep" * 30)
    own = EmbeddedDatabase(deep, engine="mongod")
    own.uri()
    own.stop()
    directory = Path(str(record(deep)["socket"])).parent
    directory.chmod(0o755)
    with pytest.raises(EmbeddedDatabaseError, match="is not a private directory of this user"):
        EmbeddedDatabase(deep).uri()
    shutil.rmtree(runtime)


def test_a_mongod_whose_socket_is_gone_is_started_again(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    uri = own.uri()
    write(uri, 1)
    first = own.child_pid
    watch = threading.Thread(target=own.supervise)
    watch.start()
    try:
        Path(str(record(tmp_path)["socket"])).unlink()
        wait_until(lambda: own.child_pid not in (None, first))
        assert own.uri() == uri and read(uri) == [1]
    finally:
        own.stop()
        watch.join()


def test_a_runtime_directory_that_is_missing_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    own = EmbeddedDatabase(tmp_path / ("deep" * 30), engine="mongod")
    try:
        write(own.uri(), 1)
    finally:
        own.stop()


def test_a_stale_socket_is_no_obstacle(own: EmbeddedDatabase, tmp_path: Path) -> None:
    path = tmp_path / "database" / "mongod.sock"
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    write(own.uri(), 1)


def test_the_name_of_a_locale_that_is_missing_is_no_obstacle(
    own: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANG", "LC_ALL"):
        monkeypatch.setenv(name, "xx_YY.UTF-8")
    write(own.uri(), 1)


def test_a_new_database_takes_little_space(own: EmbeddedDatabase, tmp_path: Path) -> None:
    write(own.uri(), 1)
    files = [file for file in (tmp_path / "database").rglob("*") if file.is_file()]
    assert sum(file.stat().st_blocks * 512 for file in files) < 40_000_000


def script(folder: Path, text: str) -> Path:
    """Write a program named mongod in a folder."""
    folder.mkdir(exist_ok=True)
    program = folder / "mongod"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def test_a_mongod_on_the_path_comes_before_that_of_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = script(tmp_path, "echo 'db version v7.0.14-8'")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert find_program() == mongod.Program(str(program), "7.0", "7.0.14-8")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("echo 'db version v4.4.29'", r"is too old \(4\.4\.29\)"),
        ("kill -ILL $$", r"does not start \(signal SIGILL\)"),
        ("echo 'libcurl.so.4: cannot open shared object file' >&2; exit 127", "libcurl"),
        ("echo hello", "it does not tell its version"),
    ],
)
def test_a_mongod_that_cannot_be_used_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str
) -> None:
    script(tmp_path, text)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert str(tmp_path) not in find_program().path
    monkeypatch.setattr(mongod, "find_spec", lambda _: None)
    with pytest.raises(MissingProgram, match=problem) as caught:
        find_program()
    assert "MONGO_URI" in str(caught.value)


def test_data_stays_with_the_series_it_was_made_with(
    own: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(own.uri(), 1)
    own.stop()
    series = find_program().series
    assert (tmp_path / "database" / "engine").read_text() == f"mongod {series}\n"
    script(tmp_path / "bin", "echo 'db version v99.0.1'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    again = EmbeddedDatabase(tmp_path)
    try:
        assert read(again.uri()) == [1]  # by the other mongod of that series
    finally:
        again.stop()
    monkeypatch.setattr(mongod, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(MissingProgram, match=rf"No mongod of MongoDB {series} .* is 99\.0\.1"):
        EmbeddedDatabase(tmp_path).uri()


def test_the_wheel_is_found_and_not_imported() -> None:
    code = (
        "import sys; from chat.database.engines.mongod import find_program;"
        "print(find_program().path); print('fiftyone' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment({"PATH": "/nowhere"}),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    path, imported = told.stdout.splitlines()
    assert path.endswith("fiftyone/db/bin/mongod") and imported == "False"
