"""What the start, `/ready` and the log say of a database or a Redis that does not do its work."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo
import pytest
import requests

from chat.database.engines.secantusdb import find_program
from harness.redis import Redis
from harness.servers import PATIENCE, Server, free_port
from tests.cli.commands import command
from tests.stopwatch import Stopwatch

ENGLISH = {"Accept-Language": "en"}
KNOWN_WITHIN = 8.0  # seconds until a dead Redis is in the log: watched every 5, asked for 2


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis to injure."""
    found = Redis(tmp_path)
    try:
        found.start()
        yield found
    finally:
        found.kill()


def ready(server: Server) -> tuple[int, str]:
    """Return the status of `/ready`, and what it says when it is not 200."""
    answer = requests.get(f"{server.url}/ready", headers=ENGLISH, timeout=PATIENCE)
    error = answer.json().get("error", {})
    assert error.get("code") in (None, "unavailable")
    return answer.status_code, error.get("message", "")


def wait_until(server: Server, status: int) -> str:
    deadline = time.monotonic() + PATIENCE
    while (found := ready(server))[0] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found[1]


def wait_for_line(server: Server, part: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (lines := [line for line in server.log().splitlines() if part in line]):
        assert time.monotonic() < deadline, "it was never logged"
        time.sleep(0.05)
    return lines[-1]


def test_a_redis_that_dies_is_named_and_comes_back_by_itself(
    server: Server, redis: Redis, tmp_path: Path
) -> None:
    settings = {"MONGO_URI": server.mongo_uri, "MESSAGE_QUEUE_URL": redis.url}
    with Server(tmp_path / "var", **settings) as other:
        assert ready(other) == (200, "")
        watch = Stopwatch(other)
        redis.kill()
        line = wait_for_line(other, "Redis at MESSAGE_QUEUE_URL does not answer (ConnectionError)")
        assert watch.seconds() < KNOWN_WITHIN  # although nobody has asked
        assert " ERROR " in line
        assert wait_until(other, 503) == "Redis does not do its work."
        login = {"username": "nobody", "password": secrets.token_hex(8)}
        for _ in range(20):
            answer = requests.post(f"{other.url}/api/session", json=login, timeout=PATIENCE)
            assert answer.status_code == 503
        assert requests.get(f"{other.url}/health", timeout=PATIENCE).status_code == 200
        assert other.log().count("unavailable: Redis ConnectionError") == 1
        redis.start()
        wait_until(other, 200)
        wait_for_line(other, "ready again")


def test_a_redis_that_is_not_there_at_the_start_is_waited_for(
    server: Server, redis: Redis, tmp_path: Path
) -> None:
    redis.kill()
    settings = {"MONGO_URI": server.mongo_uri, "MESSAGE_QUEUE_URL": redis.url}
    with Server(tmp_path / "var", **settings) as other:
        wait_for_line(other, "Redis at MESSAGE_QUEUE_URL does not answer")
        assert ready(other)[0] == 503
        redis.start()
        wait_until(other, 200)


def test_a_wrong_password_of_redis_stops_the_start(
    server: Server, redis: Redis, tmp_path: Path
) -> None:
    import redis as client

    password = secrets.token_hex(16)
    admin = client.Redis.from_url(redis.url)
    admin.config_set("requirepass", password)
    admin.close()
    for number, given in enumerate(("", f":{secrets.token_hex(16)}@", f"nobody:{password}@")):
        url = redis.url.replace("://", f"://{given}")
        settings = {"MONGO_URI": server.mongo_uri, "MESSAGE_QUEUE_URL": url}
        other = Server(tmp_path / str(number), **settings)
        assert other.start(ready=False).wait() == 1
        (line,) = other.log().splitlines()
        assert line.startswith("Redis at MESSAGE_QUEUE_URL ")
        assert "refuses the user or password" in line or "wants a password" in line
        assert password not in line
    right = redis.url.replace("://", f"://:{password}@")
    with Server(tmp_path / "right", MONGO_URI=server.mongo_uri, MESSAGE_QUEUE_URL=right) as good:
        assert ready(good) == (200, "")


def test_a_redis_that_takes_no_writes_is_not_ready(
    server: Server, redis: Redis, tmp_path: Path
) -> None:
    import redis as client

    admin = client.Redis.from_url(redis.url)
    settings = {"MONGO_URI": server.mongo_uri, "MESSAGE_QUEUE_URL": redis.url}
    with Server(tmp_path / "var", **settings) as other:
        admin.config_set("maxmemory", 1)
        wait_until(other, 503)
        assert "Redis at MESSAGE_QUEUE_URL takes no writes" in other.log()
        admin.config_set("maxmemory", 0)
        wait_until(other, 200)
    admin.close()


class MongoServer:
    """A database server of a test's own, whose options may change from start to start."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.uri = f"mongodb://{self.address}/chat?directConnection=true&retryWrites=false"
        self._directory = directory
        self._directory.mkdir()

    @contextmanager
    def running(self, *options: str) -> Iterator[None]:
        (self._directory / "config.toml").touch()
        command = [find_program(), "--config", "config.toml", "--port", str(self.port)]
        command += ["--host", "127.0.0.1", "--storage-path", "data", *options]
        process = subprocess.Popen(
            command, cwd=self._directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with pymongo.MongoClient[dict[str, object]](self.uri, timeoutMS=60_000) as client:
                client.admin.command("ping")
            yield
        finally:
            process.terminate()
            process.wait()


def test_a_wrong_password_of_the_database_stops_the_start_and_says_so(tmp_path: Path) -> None:
    mongo, password = MongoServer(tmp_path / "mongo"), secrets.token_hex(16)
    with mongo.running(), pymongo.MongoClient[dict[str, object]](mongo.uri) as client:
        roles = ["readWrite", "dbAdmin"]
        client["chat"].command("createUser", "me", pwd=password, roles=roles)
    with mongo.running("--auth"):
        wrong = mongo.uri.replace("://", "://me:wrong@")
        other = Server(tmp_path / "var", MONGO_URI=wrong)
        assert other.start(ready=False).wait() == 1
        (line,) = other.log().splitlines()
        said = "MONGO_URI: the database refuses the user or password"
        assert line.startswith(said) and "wrong" not in line
        status = command("db", "status", data_dir=tmp_path, check=False, MONGO_URI=wrong)
        assert status.returncode == 1 and status.stderr.startswith(f"Error: {said}")
        without = Server(tmp_path / "without", MONGO_URI=mongo.uri)
        assert without.start(ready=False).wait() == 1
        assert "MONGO_URI: " in without.log() and len(without.log().splitlines()) == 1
        with Server(
            tmp_path / "good", MONGO_URI=mongo.uri.replace("://", f"://me:{password}@")
        ) as good:
            assert ready(good) == (200, "")


FAILURES: list[tuple[dict[str, object], str]] = [
    ({"writeConcernError": {"code": 64, "errmsg": "no majority"}}, "does not answer"),
    ({"errorCode": 91}, "does not answer"),
    ({"errorCode": 14031}, "disk may be full"),
]


def test_without_a_majority_or_space_nothing_is_ready_and_it_comes_back(tmp_path: Path) -> None:
    """Everything can be read, and nothing that is written is confirmed."""
    mongo = MongoServer(tmp_path / "mongo")
    with (
        mongo.running("--enable-test-commands"),
        pymongo.MongoClient[dict[str, object]](mongo.uri) as client,
        Server(tmp_path / "var", MONGO_URI=mongo.uri) as other,
    ):
        assert ready(other) == (200, "")
        for failing, said in FAILURES:
            point = {"failCommands": ["update", "insert", "delete"], **failing}
            client.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=point)
            assert said in wait_until(other, 503), failing
            assert requests.get(f"{other.url}/health", timeout=PATIENCE).status_code == 200
            client.admin.command("configureFailPoint", "failCommand", mode="off")
            wait_until(other, 200)
        assert " ERROR chat.services.readiness" in other.log()


def test_whoever_asks_often_costs_few_writes(tmp_path: Path) -> None:
    mongo = MongoServer(tmp_path / "mongo")
    with mongo.running(), Server(tmp_path / "var", MONGO_URI=mongo.uri) as other:
        with pymongo.MongoClient[dict[str, object]](mongo.uri) as client:
            writes: set[object] = set()
            began = time.monotonic()
            for _ in range(100):
                assert ready(other)[0] == 200
                found = client["chat"]["health"].find_one()
                assert found is not None
                writes.add(found["at"])
            assert len(writes) <= 1 + (time.monotonic() - began) / 1.5
