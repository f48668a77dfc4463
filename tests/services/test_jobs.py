"""Jobs: done in pieces by one process at a time, and resumed by another when it dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect

from chat.database.client import Database
from chat.repositories.jobs import JobRepository
from chat.services import jobs as jobs_module
from chat.services.jobs import Jobs, Progress
from harness.servers import PATIENCE

Make = Callable[[], Jobs]


class Counting:
    """A kind of job that counts to `upto`; it records each piece, which may have a side effect."""

    def __init__(self, *makers: Jobs) -> None:
        self.counted: list[int] = []
        self.during: Callable[[int], object] = lambda _: None
        for jobs in makers:
            jobs.register("count", self.work)

    def work(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        for number in range(progress.get("done", 0) + 1, arguments["upto"] + 1):
            self.counted.append(number)
            self.during(number)
            yield {"done": number}


class Crash(BaseException):
    """A crash of the process."""


@pytest.fixture
def make_jobs(migrated: Database) -> Make:
    """A function that creates the `Jobs` of one more process on the same database."""
    return lambda: Jobs(JobRepository(migrated))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the progress after each piece, and take over at once from a process that died."""
    monkeypatch.setattr(jobs_module, "RENEW", 0.0)
    monkeypatch.setattr(jobs_module, "LEASE", -1.0)


def stored(database: Database) -> list[dict[str, Any]]:
    return list(database.db["job"].find())


def test_a_job_is_done_in_its_pieces_and_is_gone_then(make_jobs: Make, migrated: Database) -> None:
    jobs = make_jobs()
    counting = Counting(jobs)
    jobs.enqueue("count", {"upto": 3})
    jobs.enqueue("count", {"upto": 2})
    assert len(stored(migrated)) == 2
    jobs.run_due()
    assert sorted(counting.counted) == [1, 1, 2, 2, 3] and stored(migrated) == []


def test_a_job_that_is_not_due_yet_waits(make_jobs: Make, migrated: Database) -> None:
    jobs = make_jobs()
    counting = Counting(jobs)
    jobs.enqueue("count", {"upto": 1}, delay=60)
    jobs.run_due()
    assert counting.counted == [] and len(stored(migrated)) == 1


def test_a_job_that_was_put_off_while_the_clock_was_ahead_is_due(
    make_jobs: Make, migrated: Database
) -> None:
    jobs = make_jobs()
    counting = Counting(jobs)
    jobs.enqueue("count", {"upto": 1})
    due_at = migrated.now() + timedelta(days=1)
    migrated.db["job"].update_one({}, {"$set": {"due_at": due_at, "holder": "gone"}})
    jobs.run_due()
    assert counting.counted == [1] and stored(migrated) == []


def test_another_process_resumes_the_job_of_a_dead_one(make_jobs: Make, migrated: Database) -> None:
    here, there = make_jobs(), make_jobs()
    counting = Counting(here, there)

    def die(number: int) -> None:
        if number == 3:
            raise Crash

    counting.during = die
    here.enqueue("count", {"upto": 5})
    with pytest.raises(Crash):
        here.run_due()
    counting.during = lambda _: None
    there.run_due()
    assert counting.counted == [1, 2, 3, 3, 4, 5] and stored(migrated) == []


def test_only_one_process_does_a_job_at_a_time(
    make_jobs: Make, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LEASE", 60.0)
    here, there = make_jobs(), make_jobs()
    counting = Counting(here, there)
    counting.during = lambda _: there.run_due()
    here.enqueue("count", {"upto": 3})
    here.run_due()
    assert counting.counted == [1, 2, 3]


def test_concurrent_claims_give_each_job_to_one_process(migrated: Database) -> None:
    repository = JobRepository(migrated)
    for _ in range(4):
        repository.insert("count", {})
    with ThreadPoolExecutor(8) as pool:
        claimed = list(
            pool.map(lambda number: repository.claim({"count"}, str(number), 60.0, 600.0), range(8))
        )
    ids = [job.id for job in claimed if job is not None]
    assert len(ids) == len(set(ids)) == 4


def test_a_process_that_lost_its_lease_leaves_the_job(make_jobs: Make, migrated: Database) -> None:
    """For example after a pause longer than its lease."""
    here, there = make_jobs(), make_jobs()
    slow, quick = Counting(here), Counting(there)
    slow.during = lambda number: there.run_due() if number == 2 else None
    here.enqueue("count", {"upto": 5})
    here.run_due()
    assert (slow.counted, quick.counted) == ([1, 2], [2, 3, 4, 5])
    assert stored(migrated) == []


def test_a_job_that_fails_is_tried_again_later_and_later(
    make_jobs: Make, migrated: Database, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = make_jobs()
    counting = Counting(jobs)

    def fail(number: int) -> None:
        raise RuntimeError("no")

    counting.during = fail
    jobs.enqueue("count", {"upto": 1})
    jobs.enqueue("unknown here", {})
    for failures in (1, 2, 3):
        migrated.db["job"].update_many({}, {"$set": {"due_at": migrated.now()}})
        jobs.run_due()
        jobs.run_due()  # too early
        assert [one["failures"] for one in stored(migrated)] == [failures, 0]
        assert len(counting.counted) == failures
    assert "failed" in caplog.text
    counting.during = lambda _: None
    migrated.db["job"].update_one({"kind": "count"}, {"$set": {"due_at": migrated.now()}})
    jobs.run_due()
    assert [one["kind"] for one in stored(migrated)] == ["unknown here"]


def test_an_outage_of_the_database_is_no_failure_of_the_job(
    make_jobs: Make, migrated: Database
) -> None:
    jobs = make_jobs()
    counting = Counting(jobs)

    def fail(number: int) -> None:
        raise AutoReconnect("away")

    counting.during = fail
    jobs.enqueue("count", {"upto": 1})
    with pytest.raises(AutoReconnect):
        jobs.run_due()
    assert [one["failures"] for one in stored(migrated)] == [0]
    counting.during = lambda _: None
    jobs.run_due()
    assert stored(migrated) == []


def test_a_long_job_lets_others_have_their_turn(
    make_jobs: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "SLICE", 0.0)
    monkeypatch.setattr(jobs_module, "LEASE", 60.0)
    jobs = make_jobs()
    counting = Counting(jobs)
    jobs.enqueue("count", {"upto": 3})
    jobs.enqueue("count", {"upto": 3})
    jobs.run_due()
    assert counting.counted == [1, 1, 2, 2, 3, 3]


def test_a_running_job_is_dropped_after_a_restore(make_jobs: Make, migrated: Database) -> None:
    """It writes nothing to the document, which the restore may have brought back."""
    jobs = make_jobs()
    counting = Counting(jobs)
    jobs.enqueue("count", {"upto": 3})

    def start_over(number: int) -> None:
        if number == 2:
            jobs.start_over()
            jobs.stop(0)

    counting.during = start_over
    jobs.run_due()
    assert counting.counted == [1, 2]
    (left,) = stored(migrated)
    assert left["progress"] == {"done": 1}


def test_a_stopping_process_releases_its_job(
    make_jobs: Make, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "INTERVAL", 0.01)
    monkeypatch.setattr(jobs_module, "LEASE", 60.0)
    here, there = make_jobs(), make_jobs()
    counting = Counting(here, there)
    reached, go_on = threading.Event(), threading.Event()

    def wait(number: int) -> None:
        reached.set()
        go_on.wait(PATIENCE)

    counting.during = wait
    here.enqueue("count", {"upto": 4})
    running = threading.Thread(target=here.run)
    running.start()
    assert reached.wait(PATIENCE)
    here.stop(0.0)
    go_on.set()
    here.stop(PATIENCE)
    running.join(PATIENCE)
    assert counting.counted == [1]
    there.run_due()
    assert counting.counted == [1, 2, 3, 4] and stored(migrated) == []


@pytest.mark.parametrize("runs", [True, False])
def test_a_local_job_is_done_by_the_process_that_enqueued_it(
    make_jobs: Make, migrated: Database, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    monkeypatch.setattr(jobs_module, "LEASE", 15.0)
    monkeypatch.setattr(jobs_module, "INTERVAL", 0.05)
    here, other = make_jobs(), make_jobs()
    at_here, at_other = Counting(here), Counting(other)
    began, done = threading.Event(), threading.Event()

    def begin(*_: object) -> Iterator[Progress]:
        began.set()
        yield {}

    here.register("begin", begin)
    at_here.during = lambda _: done.set()
    running = threading.Thread(target=here.run)
    if runs:
        running.start()
        here.enqueue("begin", {})
        assert began.wait(PATIENCE)
    here.enqueue_local("count", {"upto": 1})
    other.run_due()
    if runs:
        assert done.wait(PATIENCE)
        here.stop(PATIENCE)
        running.join()
    assert (at_here.counted, at_other.counted) == (([1], []) if runs else ([], [1]))
    assert stored(migrated) == []


def test_a_local_job_passes_to_another_process_when_its_own_dies(
    make_jobs: Make, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "INTERVAL", 0.05)
    dying, other = make_jobs(), make_jobs()
    counting = Counting(other)
    began, ends = threading.Event(), threading.Event()

    def hang(*_: object) -> Iterator[Progress]:
        began.set()
        ends.wait(PATIENCE)
        yield {}

    dying.register("hang", hang)
    dying.enqueue("hang", {})
    running = threading.Thread(target=dying.run)
    running.start()
    assert began.wait(PATIENCE)
    dying.enqueue_local("count", {"upto": 2})  # LEASE is over at once
    other.run_due()
    assert counting.counted == [1, 2]
    dying.stop(0.0)
    ends.set()
    running.join(PATIENCE)
    assert [job["kind"] for job in stored(migrated)] == ["hang"]


def test_the_arguments_of_several_kinds_of_jobs_cost_one_query(
    make_jobs: Make, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, asked = make_jobs(), []
    for number, kind in enumerate(("one", "other", "third", "one")):
        jobs.enqueue(kind, {"number": number}, delay=60.0)
    find = Collection.find

    def counted(self: Collection[Any], *given: Any) -> Any:
        asked.append(given)
        return find(self, *given)

    monkeypatch.setattr(Collection, "find", counted)
    found = make_jobs().list_arguments("one", "third")
    assert sorted(one["number"] for one in found) == [0, 2, 3]
    assert len(asked) == 1
