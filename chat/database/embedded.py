"""The embedded database: a child process with its data in DATA_DIR.

The server and commands may share one DATA_DIR. Under a file lock, the first process that finds no
running database starts it. The database dies with the process that started it. Then the server
starts it again at the same address, so that open MongoClients keep working. Which program it is,
and what is particular to it, is in `engines`.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from chat.database.engines import choice
from chat.database.engines.engine import ENVIRONMENT, Engine
from chat.database.errors import EmbeddedDatabaseError
from chat.database.files import open_private, take_lock
from chat.logs import REPEATS

LAUNCHER = Path(__file__).with_name("launcher.py")

START_SECONDS = 60.0  # recovery after a crash may take a while
STOP_SECONDS = 10.0  # a killed one loses nothing either
START_TRIES = 4  # a killed predecessor may hold its files a moment longer than its lock
POLL_SECONDS = 0.03
WATCH_SECONDS = 0.25
BACKOFF_SECONDS = (0.5, 10.0)  # the first and the longest pause between restarts
STEADY_SECONDS = 5.0  # after so long a run the next restart is immediate
LOOK_SECONDS = 1.0  # between two health checks
SPACE_BYTES = 32 * 1024 * 1024  # for a start and some work; a log alone grows by 10 MB at once
# Files of the running processes beside the data; an engine has its own.
PASSING = frozenset({"alive", "lock", "log", "record.json", "space"})
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
LOG_BYTES = 1024 * 1024  # of the child's log before it is truncated

log = logging.getLogger(__name__)


class EmbeddedDatabase:
    """The database server in `data_dir`, started by the first process that needs it.

    Start it from the main thread, because the kernel kills the child when its parent thread ends.
    `engine` is a value of the setting DATABASE. `durable=False` trades safety for speed, where the
    engine can; it is only for tests.
    """

    def __init__(
        self, data_dir: str | Path, durable: bool = True, engine: str = choice.AUTO
    ) -> None:
        self._directory = Path(data_dir).resolve() / "database"
        self._durable = durable
        self._wish = engine
        self._engine: Engine | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._uri: str | None = None
        self._stopped = False
        self._told_broken = False  # whether the present failure of the child is logged

    @property
    def log_file(self) -> Path:
        """Return the path of the database server's log."""
        return self._directory / "log"

    @property
    def child_pid(self) -> int | None:
        """Return the process id of the database if this process started it and it runs."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def uri(self) -> str:
        """Return the URI of the running database; start it if it does not run.

        The URI may contain a password. Raises EmbeddedDatabaseError if the database is not
        installed, does not start or does not answer.
        """
        self._uri = self._ensure()
        return self._uri

    def copy_to(self, target: Path) -> None:
        """Copy DATA_DIR to a new directory; the database may be in use, and its writes wait.

        Raises EmbeddedDatabaseError when the copy fails; nothing is left of it then.
        """
        self.uri()
        assert self._engine is not None
        if target.exists():
            raise EmbeddedDatabaseError(f"{target} exists already: name a new directory.")
        if target.resolve().is_relative_to(self._directory.parent):
            raise EmbeddedDatabaseError(f"{target} is in DATA_DIR: name a directory outside.")
        partial = target.with_name(target.name + ".partial")
        try:
            self._check_room_for_copy(target.parent)
            partial.mkdir(mode=0o700)  # nobody else may enter it before it has its modes
            with _removed_on_error(partial):
                # An error removes it before writes go on, because they may need the space.
                with self._engine.frozen(), _removed_on_error(partial):
                    shutil.copytree(
                        self._directory.parent, partial, ignore=self._ignored, dirs_exist_ok=True
                    )
                os.sync()
                partial.rename(target)
        except (shutil.Error, OSError) as error:
            raise EmbeddedDatabaseError(f"The copy failed: {error}.") from None

    def _check_room_for_copy(self, parent: Path) -> None:
        """Raise EmbeddedDatabaseError if a disk has too little space for a copy of DATA_DIR."""
        size = 0
        for file in self._directory.parent.rglob("*"):
            with suppress(FileNotFoundError):  # the database has removed it meanwhile
                size += file.stat().st_size
        free = shutil.disk_usage(parent).free
        if free < size + SPACE_BYTES:
            raise EmbeddedDatabaseError(
                f"{parent} has {free >> 20} MiB free; the copy needs {(size + SPACE_BYTES) >> 20}."
            )

    def _ignored(self, directory: str, names: list[str]) -> set[str]:
        """Return what belongs to the running processes and not to the data."""
        if self._engine is None or Path(directory) != self._directory:
            return set()
        return set(names) & (PASSING | self._engine.passing)

    def find_space_problem(self) -> str | None:
        """Return the error if there is too little disk space for a start, or None."""
        probe = self._directory / "space"
        try:
            with open_private(probe) as file:
                os.posix_fallocate(file.fileno(), 0, SPACE_BYTES)
        except OSError as error:
            if error.errno in NO_SPACE:
                return f"{os.strerror(error.errno)}: {self._directory}"
        finally:
            with suppress(OSError):
                probe.unlink()
        return None

    def supervise(self, moved: Callable[[str], object] | None = None) -> None:
        """Restart a dead database until `stop`; call `moved` with the URI if that changes.

        The first restart is immediate; repeated ones have growing pauses. A database that answers
        only errors, as after a write on a full disk, is restarted as soon as there is space.
        """
        pause, started, looked_at = 0.0, time.monotonic(), 0.0
        while not self._stopped:
            if self.child_pid is not None and time.monotonic() - looked_at > LOOK_SECONDS:
                looked_at = time.monotonic()
                self._end_broken()
            if self.child_pid is None:
                self._tell_death(pause)
                self._sleep(pause)
                pause = min(max(2 * pause, BACKOFF_SECONDS[0]), BACKOFF_SECONDS[1])
                try:
                    found = self._ensure()
                except (EmbeddedDatabaseError, OSError) as error:
                    if not self._stopped:
                        log.error("%s Trying again in %.1f s.", error, pause, extra=REPEATS)
                    continue
                started = time.monotonic()
                before, self._uri = self._uri, found
                if before not in (None, found) and moved is not None:
                    moved(found)
                if self.child_pid is None:  # another process has started it
                    pause = 0.0
            elif pause and time.monotonic() - started > STEADY_SECONDS:
                pause = 0.0
            self._sleep(WATCH_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the supervision and stop the database if this process started it.

        Waits until it has closed its files; after `seconds` it is killed.
        """
        self._stopped = True
        child, self._child = self._child, None
        if child is None:
            return
        if self._is_ready:
            child.terminate()
        else:  # it does not handle signals yet, and has no new data
            child.kill()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            log.warning("the embedded database did not stop in time and was killed")
            child.kill()
            child.wait()

    def _tell_death(self, pause: float) -> None:
        """Log once how the child ended, if it had been ready before."""
        code = self._child.poll() if self._child is not None else None
        if code is not None and self._is_ready:
            self._is_ready = False
            how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            log.error("the embedded database %s, starting it again in %.1f s", how, pause)

    def _end_broken(self) -> None:
        """Kill the child if it has a fault and there is disk space for a restart."""
        fault = None if self._engine is None else self._engine.find_fault()
        if fault is None:
            self._told_broken = False
            return
        problem = self.find_space_problem()
        if not self._told_broken:
            self._told_broken = True
            then = (
                f"it is started again when there is space. {problem}" if problem else "killing it"
            )
            log.error("the embedded database %s: %s", fault, then)
        child = self._child
        if problem is None and child is not None:
            child.kill()  # an orderly stop would fail
            child.wait()

    def _sleep(self, seconds: float) -> None:
        """Sleep in steps, so that `stop` takes effect soon."""
        end = time.monotonic() + seconds
        while not self._stopped and time.monotonic() < end:
            time.sleep(min(WATCH_SECONDS, seconds))

    def _ensure(self) -> str:
        """Return the URI of the running database; start it if it does not run."""
        try:
            return self._find_or_start()
        except OSError as error:  # such as a read-only file system
            where = error.filename or self._directory
            raise EmbeddedDatabaseError(
                f"DATA_DIR cannot be used: {error.strerror}: {where}."
            ) from None

    def _find_or_start(self) -> str:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        deadline = time.monotonic() + START_SECONDS
        with self._starting(deadline):
            if self._engine is None:
                self._engine = choice.choose(self._directory, self._wish, self._durable)
            engine = self._engine
            while time.monotonic() < deadline:
                if not self._is_alive():
                    self._start(engine)
                elif not engine.find():
                    time.sleep(POLL_SECONDS)  # it is starting or stopping
                    continue
                return engine.uri()
        raise EmbeddedDatabaseError(
            f"The embedded database is running but does not answer: see {self.log_file}."
        )

    @contextmanager
    def _starting(self, deadline: float) -> Iterator[None]:
        """Hold the lock for finding or starting the database, without blocking the event loop."""
        with open_private(self._directory / "lock") as lock:
            while not take_lock(lock):
                if time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(
                        f"Another process has been starting the database in {self._directory}"
                        f" for {START_SECONDS:.0f} s: end it and try again."
                    )
                time.sleep(POLL_SECONDS)
            yield

    def _is_alive(self) -> bool:
        """Return whether a database runs here. Call it within `_starting`: it takes the lock."""
        with open_private(self._directory / "alive") as lock:
            return not take_lock(lock)

    def _start(self, engine: Engine) -> None:
        if self._child is not None:  # it does not hold its lock, so it is dead or dying
            self._child.kill()
            self._child.wait()
        choice.keep(self._directory, engine)
        for _ in range(START_TRIES):
            if engine.prepare(self._run) and self._serve(engine):
                return
            time.sleep(0.1)
        problem = self.find_space_problem()
        if problem is not None:
            raise EmbeddedDatabaseError(f"The embedded database did not start. {problem}.")
        raise EmbeddedDatabaseError(f"The embedded database did not start: see {self.log_file}.")

    def _serve(self, engine: Engine) -> bool:
        """Start it for everybody; return whether it answers and accepts this program."""
        child = self._launch(engine.command(), engine.environment())
        if not self._wait_until_ready(child, engine.answers):
            return False
        if not engine.is_usable():
            self._end(child, engine.answers)
            return False
        self._is_ready = True
        engine.record(child.pid)
        log.info("embedded database started: %s", engine.title)
        return True

    @contextmanager
    def _run(
        self, command: list[str], environment: Mapping[str, str], answers: Callable[[], bool]
    ) -> Iterator[bool]:
        """Run the program for a while; yield whether it answers."""
        child = self._launch(command, environment)
        if not self._wait_until_ready(child, answers):
            yield False
            return
        try:
            yield True
        finally:
            self._end(child, answers)

    def _launch(
        self, command: list[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        if self._stopped:
            raise EmbeddedDatabaseError("The embedded database has been stopped.")
        kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        launcher = [sys.executable, "-I", str(LAUNCHER), str(os.getpid())]
        self._is_ready = False
        with self._open_log() as output:
            self._child = subprocess.Popen(
                [*launcher, str(self._directory / "alive"), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**kept, **environment},
                cwd=self._directory,
                start_new_session=True,  # Ctrl-C is for the app, which stops its database last
            )
        return self._child

    def _wait_until_ready(
        self, child: subprocess.Popen[bytes], answers: Callable[[], bool]
    ) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while child.poll() is None:
            if answers():
                return True
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                return False
            time.sleep(POLL_SECONDS)
        return False

    def _end(self, child: subprocess.Popen[bytes], answers: Callable[[], bool]) -> None:
        """Stop a database that nobody else uses, and wait until it has closed its files."""
        child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while child.poll() is None:
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                return
            answers()  # a connection wakes it up; otherwise stopping may take two seconds
            time.sleep(POLL_SECONDS)

    def _open_log(self) -> BinaryIO:
        too_long = self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES
        return open_private(self.log_file, os.O_TRUNC if too_long else os.O_APPEND)


@contextmanager
def _removed_on_error(directory: Path) -> Iterator[None]:
    """Remove a directory when this block fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
