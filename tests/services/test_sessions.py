"""Sessions over time: rotation, its ten seconds of grace, expiry, and the cost of a log-in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from argon2 import PasswordHasher
from pymongo.errors import AutoReconnect

from chat.database.client import Database
from chat.errors import RateLimited, Unauthorized
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import CONNECTIONS, Rule
from chat.models import User
from chat.repositories.audit import AuditRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.devices import Devices
from chat.services.events import Events
from chat.services.log_ins import LogIns
from chat.services.password_checks import PasswordChecks
from chat.services.passwords import Passwords
from chat.services.sessions import MAX_SESSIONS, Grant, SessionService
from harness.accounts import new_password
from harness.servers import PATIENCE
from tests.clocks import Clock

DAY = 24 * 60 * 60 * 1000


class Ended:
    """Keeps which sessions were said to have ended."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def session_ended(self, session_id: str) -> None:
        self.ids.append(session_id)


@pytest.fixture
def clock() -> Clock[int]:
    return Clock(1_800_000_000_000)


@pytest.fixture
def ended() -> Ended:
    return Ended()


@pytest.fixture
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def users(migrated: Database) -> UserRepository:
    return UserRepository(migrated)


@pytest.fixture
def audit(migrated: Database) -> Iterator[Audit]:
    audit = Audit(AuditRepository(migrated), days=1)
    yield audit
    audit.flush()  # otherwise a later write would fail without its database


@pytest.fixture
def devices(clock: Clock[int]) -> Devices:
    return Devices(new_password() * 3, clock)


@pytest.fixture
def sessions(
    migrated: Database,
    users: UserRepository,
    devices: Devices,
    clock: Clock[int],
    ended: Ended,
    audit: Audit,
) -> SessionService:
    return SessionService(
        users=users,
        sessions=SessionRepository(migrated),
        devices=devices,
        events=cast(Events, ended),
        audit=audit,
        secret=new_password() * 3,
        clock=clock,
    )


@pytest.fixture
def log_ins(
    migrated: Database,
    users: UserRepository,
    passwords: Passwords,
    sessions: SessionService,
    devices: Devices,
    clock: Clock[int],
    audit: Audit,
) -> LogIns:
    checks = PasswordChecks(
        users=users,
        sessions=SessionRepository(migrated),
        passwords=passwords,
        devices=devices,
        limits=Limits(per_minute={CONNECTIONS.name: 300}),
        audit=audit,
        clock=clock,
    )
    return LogIns(
        users=users,
        checks=checks,
        sessions=sessions,
        passwords=passwords,
        devices=devices,
        audit=audit,
        clock=clock,
    )


@pytest.fixture
def password() -> str:
    return new_password()


@pytest.fixture
def alice(users: UserRepository, passwords: Passwords, password: str) -> User:
    user = User("", "alice", "Alice", 0, "alice@example.org", "", None, 1, 1)
    return users.insert(replace(user, password_hash=passwords.hash(password)))


def again(sessions: SessionService, grant: Grant, key: str | None = None) -> Grant:
    return sessions.refresh(grant.user.id, grant.session.id, grant.refresh_id, key)


def test_within_ten_seconds_the_previous_id_gives_the_same_grant(
    sessions: SessionService, alice: User, clock: Clock[int]
) -> None:
    first = sessions.start(alice, "")
    clock.now += 60_000
    second = again(sessions, first)
    clock.now += 10_000
    assert again(sessions, first) == second
    assert again(sessions, second).refresh_id != second.refresh_id


def test_later_the_previous_id_ends_the_session(
    sessions: SessionService, alice: User, clock: Clock[int], ended: Ended
) -> None:
    first = sessions.start(alice, "")
    second = again(sessions, first)
    clock.now += 10_001
    with pytest.raises(Unauthorized):
        again(sessions, first)
    assert ended.ids == [first.session.id]
    with pytest.raises(Unauthorized):
        again(sessions, second)
    with pytest.raises(Unauthorized):
        sessions.authenticate(alice.id, first.session.id)


def test_a_clock_that_was_ahead_gives_no_longer_grace(
    sessions: SessionService, alice: User, clock: Clock[int]
) -> None:
    first = sessions.start(alice, "")
    again(sessions, first)
    clock.now -= DAY
    with pytest.raises(Unauthorized):
        again(sessions, first)


def test_the_grace_begins_when_the_id_was_replaced_not_when_it_was_last_tried(
    sessions: SessionService, alice: User, clock: Clock[int]
) -> None:
    first = sessions.start(alice, "")
    again(sessions, first)
    for _ in range(2):
        clock.now += 5_000
        again(sessions, first)
    clock.now += 1
    with pytest.raises(Unauthorized):
        again(sessions, first)


def test_an_id_that_was_never_given_out_ends_the_session(
    sessions: SessionService, alice: User, ended: Ended
) -> None:
    grant = sessions.start(alice, "")
    with pytest.raises(Unauthorized):
        sessions.refresh(alice.id, grant.session.id, "guessed")
    assert ended.ids == [grant.session.id]


def test_twenty_at_once_get_the_same_id(sessions: SessionService, alice: User) -> None:
    first = sessions.start(alice, "")
    with ThreadPoolExecutor(20) as pool:
        grants = list(pool.map(lambda _: again(sessions, first), range(20)))
    assert len({grant.refresh_id for grant in grants}) == 1
    again(sessions, grants[0])


def refuse_all(sessions: SessionService, grant: Grant, keys: list[str | None]) -> None:
    """Show a refresh token with keys that are all wrong."""
    user_id, session_id = grant.user.id, grant.session.id
    for key in keys:
        with pytest.raises(Unauthorized):
            sessions.refresh(user_id, session_id, grant.refresh_id, key)
        with pytest.raises(Unauthorized):
            sessions.log_out(user_id, session_id, grant.refresh_id, key)


def test_without_its_key_the_token_of_a_bound_session_does_nothing(
    sessions: SessionService, alice: User, clock: Clock[int], ended: Ended
) -> None:
    first = sessions.start(alice, "", key="right")
    refuse_all(sessions, first, [None, "wrong", ""])
    second = again(sessions, first, "right")
    refuse_all(sessions, first, [None, "wrong"])  # within the ten seconds
    assert again(sessions, first, "right") == second
    clock.now += 10_001
    refuse_all(sessions, first, [None, "wrong"])  # nor does an old one end the session
    assert ended.ids == []
    third = again(sessions, second, "right")
    sessions.log_out(alice.id, third.session.id, third.refresh_id, "right")
    assert ended.ids == [first.session.id]


def test_an_unbound_session_is_bound_by_the_first_key(
    sessions: SessionService, alice: User
) -> None:
    unbound = again(sessions, sessions.start(alice, ""))
    assert unbound.session.key_hash is None
    bound = again(sessions, unbound, "first")
    refuse_all(sessions, bound, [None, "second"])
    again(sessions, bound, "first")


def test_of_many_keys_at_once_one_binds(sessions: SessionService, alice: User) -> None:
    grant = sessions.start(alice, "")

    def try_key(key: str) -> str | None:
        try:
            again(sessions, grant, key)
        except Unauthorized:
            return None
        return key

    with ThreadPoolExecutor(10) as pool:
        taken = set(pool.map(try_key, map(str, range(10)))) - {None}
    assert len(taken) == 1


def test_the_access_token_ends_a_bound_session_without_its_key(
    sessions: SessionService, alice: User, ended: Ended
) -> None:
    grant = sessions.start(alice, "", key="key")
    sessions.log_out(alice.id, grant.session.id)
    assert ended.ids == [grant.session.id]


def test_keys_are_kept_as_hashes(sessions: SessionService, alice: User, migrated: Database) -> None:
    key = new_password()
    again(sessions, sessions.start(alice, "", key=key), key)
    again(sessions, sessions.start(alice, ""), key)
    documents = list(migrated.db["session"].find())
    assert len({document["key_hash"] for document in documents}) == 1
    assert key not in str(documents)


def test_a_session_that_is_used_lives_on_and_one_that_is_not_expires(
    sessions: SessionService, alice: User, clock: Clock[int]
) -> None:
    used, unused = sessions.start(alice, ""), sessions.start(alice, "")
    clock.now += 20 * DAY
    used = again(sessions, used)
    clock.now += 20 * DAY
    assert sessions.authenticate(alice.id, used.session.id) == alice
    with pytest.raises(Unauthorized):
        sessions.authenticate(alice.id, unused.session.id)
    with pytest.raises(Unauthorized):
        again(sessions, unused)
    assert [session.id for session in sessions.list(alice.id)] == [used.session.id]


def test_a_session_is_told_to_have_ended_once(
    sessions: SessionService, alice: User, ended: Ended, migrated: Database
) -> None:
    grant = sessions.start(alice, "")
    sessions.log_out(alice.id, grant.session.id)
    with pytest.raises(Unauthorized):
        sessions.log_out(alice.id, grant.session.id)
    assert ended.ids == [grant.session.id]
    repository = SessionRepository(migrated)
    now = migrated.now()
    assert repository.list_ended(now - timedelta(seconds=60)) == [grant.session.id]
    assert repository.list_ended(now + timedelta(seconds=60)) == []


def test_a_session_is_good_for_its_own_user_alone(
    sessions: SessionService, users: UserRepository, alice: User
) -> None:
    bob = users.insert(replace(alice, id="", username="bob", email=""))
    grant = sessions.start(alice, "")
    with pytest.raises(Unauthorized):
        sessions.authenticate(bob.id, grant.session.id)
    with pytest.raises(Unauthorized):
        sessions.refresh(bob.id, grant.session.id, grant.refresh_id)
    again(sessions, grant)


def hash_of(users: UserRepository, user: User) -> str:
    found = users.find(user.id)
    assert found is not None
    return found.password_hash


def test_a_hash_of_older_parameters_is_renewed_by_a_log_in(
    log_ins: LogIns, users: UserRepository, alice: User, password: str
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(password)
    users.update(alice.id, {"password_hash": weak}, 2)
    log_ins.log_in("alice", password, address="", device="")
    renewed = hash_of(users, alice)
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    log_ins.log_in("ALICE@example.org", password, address="", device="")
    assert hash_of(users, alice) == renewed


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, passwords: Passwords, happen: Callable[[], object]
) -> None:
    """Let something happen once, right after the next password was looked at."""
    verify = passwords.verify

    def overtaken(password_hash: str | None, password: str) -> bool:
        monkeypatch.setattr(passwords, "verify", verify)
        right = verify(password_hash, password)
        happen()
        return right

    monkeypatch.setattr(passwords, "verify", overtaken)


def test_a_log_in_that_a_new_password_overtakes_is_refused(
    sessions: SessionService,
    log_ins: LogIns,
    users: UserRepository,
    passwords: Passwords,
    alice: User,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def change() -> None:
        users.update(alice.id, {"password_hash": passwords.hash(new_password())}, 2)
        sessions.end_all(alice.id)

    meanwhile(monkeypatch, passwords, change)
    assert attempt(log_ins, "alice", password) == "wrong"
    assert sessions.list(alice.id) == []


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> threading.RLock:
    """The one lock that all log-ins wait for."""
    found = threading.RLock()
    monkeypatch.setattr(KeyedLocks, "lock_for", lambda *_: found)
    return found


def test_a_log_in_that_waited_for_its_turn_compares_with_what_is_stored_then(
    log_ins: LogIns,
    users: UserRepository,
    passwords: Passwords,
    alice: User,
    lock: threading.RLock,
) -> None:
    new = new_password()
    with ThreadPoolExecutor(1) as pool:
        with lock:
            waiting = pool.submit(attempt, log_ins, "alice", new)
            users.update(alice.id, {"password_hash": passwords.hash(new)}, 2)
        assert waiting.result() == "in"


def test_a_log_in_goes_on_when_another_one_renews_the_hash(
    sessions: SessionService,
    log_ins: LogIns,
    users: UserRepository,
    passwords: Passwords,
    alice: User,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def renew() -> None:
        users.update(alice.id, {"password_hash": passwords.hash(password)}, 2)

    meanwhile(monkeypatch, passwords, renew)
    assert attempt(log_ins, "alice", password) == "in"
    assert len(sessions.list(alice.id)) == 1


def test_a_renewed_hash_does_not_undo_a_new_password(
    log_ins: LogIns,
    users: UserRepository,
    passwords: Passwords,
    alice: User,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(password)
    users.update(alice.id, {"password_hash": weak}, 2)
    new = passwords.hash(new_password())
    hash_ = passwords.hash

    def overtaken(password: str) -> str:
        users.update(alice.id, {"password_hash": new}, 3)
        return hash_(password)

    monkeypatch.setattr(passwords, "hash", overtaken)
    attempt(log_ins, "alice", password)
    assert hash_of(users, alice) == new


def test_an_unknown_name_costs_a_hash_too(log_ins: LogIns, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def watched(hasher: PasswordHasher, password_hash: str, password: str) -> Any:
        checked.append(password_hash)
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    with pytest.raises(Unauthorized):
        log_ins.log_in("nobody", "password", address="", device="")
    assert len(checked) == 1
    assert checked[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def attempt(log_ins: LogIns, name: str, password: str, address: str = "192.0.2.1") -> str:
    try:
        log_ins.log_in(name, password, address=address, device="")
    except RateLimited:
        return "limited"
    except Unauthorized:
        return "wrong"
    return "in"


def test_many_guesses_at_once_are_no_more_than_five(
    log_ins: LogIns, alice: User, password: str
) -> None:
    def guess(number: int) -> str:
        return attempt(log_ins, "alice" if number % 2 else "ALICE", "wrong")

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(guess, range(16)))
    assert outcomes.count("wrong") == 5
    assert attempt(log_ins, "alice", password) == "limited"


def test_failures_by_one_name_do_not_show_by_the_other(
    log_ins: LogIns, alice: User, password: str
) -> None:
    for _ in range(5):
        assert attempt(log_ins, "alice", "wrong") == "wrong"
    assert attempt(log_ins, "alice", password) == "limited"
    assert attempt(log_ins, "alice@example.org", "wrong") == "wrong"


def test_a_stranger_does_not_lock_an_account_out(
    log_ins: LogIns, alice: User, password: str
) -> None:
    for _ in range(5):
        assert attempt(log_ins, "alice", "wrong", "198.51.100.1") == "wrong"
    assert attempt(log_ins, "alice", password, "198.51.100.1") == "limited"
    assert attempt(log_ins, "alice", password) == "in"


def test_guesses_from_everywhere_at_one_name_are_limited(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "verify", lambda *_: False)  # fifty hashes would be slow
        outcomes = [
            attempt(log_ins, "alice", "wrong", f"198.51.100.{number}") for number in range(51)
        ]
    assert outcomes == ["wrong"] * 50 + ["limited"]
    assert attempt(log_ins, "alice", password) == "limited"


def lock_out(log_ins: LogIns, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Guess passwords from ten networks of one site until all unknown devices are refused."""
    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "verify", lambda *_: False)  # fifty hashes would be slow
        for number in range(50):
            assert attempt(log_ins, name, "wrong", f"2001:db8:0:{number % 10:x}::1") == "wrong"
        assert attempt(log_ins, name, "wrong", "198.51.100.1") == "limited"


def test_whoever_logged_in_from_a_network_is_no_stranger_there(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "in"
    assert attempt(log_ins, "alice", password, "2001:db8:1:2::3") == "in"
    lock_out(log_ins, monkeypatch, "alice")
    assert attempt(log_ins, "alice", password, "192.0.2.8") == "limited"
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "in"
    assert attempt(log_ins, "alice", password, "2001:db8:1:2::4") == "in"
    # There, too, few wrong ones are let through.
    for _ in range(5):
        assert attempt(log_ins, "alice", "wrong", "192.0.2.7") == "wrong"
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "limited"


def test_a_network_is_known_for_as_long_as_a_session_would_last(
    sessions: SessionService,
    log_ins: LogIns,
    alice: User,
    password: str,
    clock: Clock[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "in"
    sessions.end_all(alice.id)
    lock_out(log_ins, monkeypatch, "alice")
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "in"
    clock.now += 31 * DAY
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "limited"


def test_a_network_of_one_account_is_strange_to_others(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt(log_ins, "alice", password, "192.0.2.7") == "in"
    lock_out(log_ins, monkeypatch, "nobody")
    assert attempt(log_ins, "nobody", "wrong", "192.0.2.7") == "limited"


def test_a_device_with_its_token_is_no_stranger_anywhere(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = log_ins.device_token_for(alice)
    lock_out(log_ins, monkeypatch, "alice")

    addresses = (f"203.0.113.{number}" for number in range(100))  # none is known

    def outcome(password: str, token: str) -> str:
        address = next(addresses)
        try:
            log_ins.log_in("alice", password, address=address, device="", device_token=token)
        except RateLimited:
            return "limited"
        except Unauthorized:
            return "wrong"
        return "in"

    assert outcome(password, token) == "in"
    other = replace(alice, id="another")
    for strange in (
        "",
        "x",
        "..",
        "\ud800.\u00e9.\ud800",
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        token.replace(alice.id, "f" * 24),
        log_ins.device_token_for(other),
    ):
        assert outcome(password, strange) == "limited", strange
    for _ in range(5):
        assert outcome("wrong", token) == "wrong"
    assert outcome(password, token) == "limited"
    assert outcome(password, log_ins.device_token_for(alice)) == "in"  # a count of its own


def test_a_token_outlives_the_hash_that_its_log_in_renewed(
    log_ins: LogIns,
    users: UserRepository,
    alice: User,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(password)
    users.update(alice.id, {"password_hash": weak}, 2)
    grant = log_ins.log_in("alice", password, address="192.0.2.1", device="")
    assert grant.user.password_hash == hash_of(users, alice) != weak
    token = log_ins.device_token_for(grant.user)
    lock_out(log_ins, monkeypatch, "alice")
    log_ins.log_in("alice", password, address="203.0.113.1", device="", device_token=token)


def test_a_token_is_good_for_some_months(
    log_ins: LogIns,
    alice: User,
    password: str,
    clock: Clock[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = log_ins.device_token_for(alice)
    lock_out(log_ins, monkeypatch, "alice")
    clock.now += 91 * DAY
    with pytest.raises(RateLimited):
        log_ins.log_in("alice", password, address="192.0.2.9", device="", device_token=token)


def test_one_address_may_fail_fifty_times(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: Any, password_hash: str | None, password: str) -> bool:
        return False  # fifty hashes would be a second of work for nothing

    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "verify", never)
        outcomes = [attempt(log_ins, f"nobody{number}", "wrong") for number in range(51)]
    assert outcomes == ["wrong"] * 50 + ["limited"]
    assert attempt(log_ins, "alice", password) == "limited"
    assert attempt(log_ins, "alice", password, "198.51.100.1") == "in"


def test_who_is_certain_to_be_refused_keeps_nobody_waiting(
    log_ins: LogIns,
    alice: User,
    password: str,
    lock: threading.RLock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "verify", lambda *_: False)  # fifty hashes would be slow
        for number in range(50):
            assert attempt(log_ins, f"nobody{number}", "wrong") == "wrong"
    with ThreadPoolExecutor(1) as pool, lock:
        assert pool.submit(attempt, log_ins, "alice", password).result(PATIENCE) == "limited"


def test_right_passwords_are_limited_too_for_each_caller(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Passwords, "verify", lambda *_: True)  # thirty hashes would be slow
    outcomes = [attempt(log_ins, "alice", password) for _ in range(31)]
    assert outcomes == ["in"] * 30 + ["limited"]
    assert attempt(log_ins, "alice", password, "198.51.100.1") == "in"


def test_the_session_used_least_lately_ends_when_there_are_too_many(
    sessions: SessionService,
    log_ins: LogIns,
    alice: User,
    password: str,
    clock: Clock[int],
    ended: Ended,
    audit: Audit,
    migrated: Database,
) -> None:
    many = []
    for _ in range(MAX_SESSIONS):
        many += sessions.start_many([alice], "")
        clock.now += 1
    again(sessions, many[0])  # so it is not the least recently used one
    assert attempt(log_ins, "alice", password) == "in"
    assert ended.ids == [many[1].session.id]
    assert len(sessions.list(alice.id)) == MAX_SESSIONS
    audit.flush()
    (entry,) = AuditRepository(migrated).list_latest(10, alice.id, "session_ended")
    assert (entry.target_id, entry.detail) == (alice.id, many[1].session.id)


def test_a_good_log_in_does_not_fail_for_sessions_that_cannot_be_tidied_up(
    sessions: SessionService,
    log_ins: LogIns,
    alice: User,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object) -> None:
        raise AutoReconnect("gone")

    with monkeypatch.context() as patch:
        patch.setattr(SessionRepository, "list_alive", away)
        assert attempt(log_ins, "alice", password) == "in"
    assert len(sessions.list(alice.id)) == 1


def test_a_log_in_asks_few_counts(
    log_ins: LogIns, alice: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def watch(name: str) -> None:
        ask = getattr(Limits, name)

        def asking(self: Limits, rule: Rule, key: str) -> None:
            asked.append(rule.name)
            ask(self, rule, key)

        monkeypatch.setattr(Limits, name, asking)

    watch("check")
    watch("count")
    assert attempt(log_ins, "alice", password) == "in"
    outside, inside = ["login-right", "login-address"], ["login-account", "login-address"]
    assert asked == [*outside, *inside, "login-anywhere", "login-right"]


def test_of_many_sessions_the_live_ones_of_their_own_users_are_found(
    sessions: SessionService, users: UserRepository, alice: User, clock: Clock[int]
) -> None:
    bob, eve = (users.insert(replace(alice, id="", username=n, email="")) for n in ("bob", "eve"))
    live, ended, stolen = (sessions.start(alice, "").session.id for _ in range(3))
    of_bob, of_disabled = (sessions.start(one, "").session.id for one in (bob, eve))
    sessions.end(ended)
    users.update(eve.id, {"disabled_at": clock.now}, clock.now)
    claimed = {
        live: alice.id,
        ended: alice.id,
        stolen: bob.id,
        of_bob: bob.id,
        of_disabled: eve.id,
        "no id": alice.id,
    }
    assert sessions.authenticate_many(claimed) == {live: alice, of_bob: bob}
    assert sessions.was_alive(bob.id, of_bob)
    assert not sessions.was_alive(alice.id, ended)
