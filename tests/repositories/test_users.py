"""The `user` collection: uniqueness, queries, and their indexes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from pymongo.collection import Collection

from chat.database.client import Database
from chat.database.dialects import SECANTUSDB
from chat.errors import Conflict, NotFound, RateLimited
from chat.ids import new_id
from chat.models import User
from chat.repositories import name_parts, prefixes
from chat.repositories.documents import in_pages
from chat.repositories.users import UserRepository
from harness.servers import PATIENCE


@pytest.fixture
def users(migrated: Database) -> UserRepository:
    return UserRepository(migrated)


def draft(username: str, **changes: Any) -> User:
    user = User(
        id="",
        username=username,
        nickname=username,
        sex=0,
        email=f"{username}@example.org",
        avatar="",
        locale=None,
        created_at=1_000,
        updated_at=1_000,
        password_hash="$argon2id$",
    )
    return replace(user, **changes)


def test_a_stored_user_is_read_back_the_same(users: UserRepository) -> None:
    stored = users.insert(draft("Alice", nickname="小明", locale="zh", sex=2, avatar=new_id()))
    assert stored.id and users.find(stored.id) == stored
    assert users.find_by_username("aLICE") == stored
    assert users.find_by_email("ALICE@example.ORG") == stored


def test_documents_have_the_names_of_the_known_design(
    users: UserRepository, migrated: Database
) -> None:
    users.insert(draft("Alice", nickname="小明"))
    document = migrated.db["user"].find_one()
    assert document is not None
    assert document["nicname"] == "小明"
    assert {"username", "password", "sex", "email", "avatar"} <= set(document)
    assert (document["username_key"], document["email_key"]) == ("alice", "alice@example.org")


def test_names_and_addresses_are_unique_without_case(users: UserRepository) -> None:
    users.insert(draft("alice"))
    with pytest.raises(Conflict) as conflict:
        users.insert(draft("ALICE", email="other@example.org"))
    assert conflict.value.fields == {"username": ["invalid.taken"]}
    with pytest.raises(Conflict) as conflict:
        users.insert(draft("bob", email="Alice@Example.org"))
    assert conflict.value.fields == {"email": ["invalid.taken"]}


def test_many_users_may_have_no_address(users: UserRepository) -> None:
    assert users.insert_many([draft("one", email=""), draft("two", email="")]) == 2
    assert users.find_by_email("") is None


def test_two_who_take_one_name_at_once_get_one_account(users: UserRepository) -> None:
    def insert(number: int) -> bool:
        try:
            users.insert(draft("alice", email=f"{number}@example.org"))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(insert, range(8))) == 1


def test_many_are_stored_beside_those_that_exist(users: UserRepository) -> None:
    users.insert(draft("user2", nickname="kept"))
    assert users.insert_many([draft(f"user{number}") for number in range(1, 4)]) == 2
    assert users.insert_many([draft(f"user{number}") for number in range(1, 4)]) == 0
    kept = users.find_by_username("user2")
    assert kept and kept.nickname == "kept"


@pytest.mark.parametrize("user_id", ["", "x", "0" * 24, "{'$gt': ''}", "0" * 12])
def test_an_id_that_names_nobody_is_not_found(users: UserRepository, user_id: str) -> None:
    assert users.find(user_id) is None
    assert users.list_by_ids([user_id]) == {}
    with pytest.raises(NotFound):
        users.update(user_id, {"sex": 1}, 2_000)


def test_users_are_listed_by_id(users: UserRepository) -> None:
    alice, bob = users.insert(draft("alice")), users.insert(draft("bob"))
    assert users.list_by_ids([alice.id, bob.id, "x"]) == {alice.id: alice, bob.id: bob}


def test_a_change_is_returned_and_found(users: UserRepository) -> None:
    alice = users.insert(draft("alice", locale="en"))
    changed = users.update(alice.id, {"nickname": "Neue", "locale": None}, 2_000)
    assert changed == replace(alice, nickname="Neue", locale=None, updated_at=2_000)
    assert users.search("neue") == [changed]


def test_a_search_takes_its_text_literally(users: UserRepository) -> None:
    users.insert(draft("a.b"))
    users.insert(draft("axb"))
    assert [user.username for user in users.search("a.")] == ["a.b"]
    assert users.search("^a") == []
    assert users.search(".*") == []


def test_a_search_finds_nobody_twice_and_keeps_its_limit(users: UserRepository) -> None:
    users.insert_many([draft(f"same{number:02}") for number in range(30)])
    found = users.search("same", limit=20)
    assert [user.username for user in found] == [f"same{number:02}" for number in range(20)]


def named(prefix: str, numbers: Iterable[int]) -> list[User]:
    return [draft(f"{prefix}{number:03}") for number in numbers]


def names_of(found: Iterable[User]) -> list[str]:
    return [user.username for user in found]


@pytest.fixture
def whole_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine be one that reads whole ranges."""
    monkeypatch.setattr(Database, "dialect", SECANTUSDB)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, whole_ranges: None) -> list[str]:
    """The ends of the ranges of usernames that are read, in their order."""
    ends: list[str] = []

    def note(condition: dict[str, Any]) -> None:
        asked_for = condition.get("username_key")
        if isinstance(asked_for, dict):
            ends.extend(asked_for[at] for at in ("$lt", "$lte") if at in asked_for)

    before_find(monkeypatch, note)
    return ends


def before_find(monkeypatch: pytest.MonkeyPatch, call: Callable[[dict[str, Any]], object]) -> None:
    """Call with the condition of each query before it is asked."""
    find = Collection.find

    def call_and_find(self: Collection[Any], *given: Any, **options: Any) -> Any:
        call(given[0] if given else {})
        return find(self, *given, **options)

    monkeypatch.setattr(Collection, "find", call_and_find)


def test_a_search_reads_all_who_begin_so_but_once(users: UserRepository, asked: list[str]) -> None:
    users.insert_many(named("anybody", range(100, 160)))
    for prefix in ("a", "a", "any", "anybody1"):
        assert names_of(users.search(prefix, 5)) == names_of(named("anybody", range(100, 105)))
    assert asked == ["a" + prefixes.LAST, *["anybody104"] * 3]


def test_a_search_finds_whoever_came_or_went_since(users: UserRepository, asked: list[str]) -> None:
    users.insert_many(named("any", range(100, 110)))
    users.search("any", 5)
    users.insert(draft("any050"))
    assert names_of(users.search("any", 5)) == ["any050", *names_of(named("any", range(100, 104)))]
    for name in ("any050", "any100", "any101"):
        found = users.find_by_username(name)
        assert found is not None
        users.erase(found.id, 1)
    assert names_of(users.search("any", 5)) == names_of(named("any", range(102, 107)))
    assert names_of(users.search("any", 5)) == names_of(named("any", range(102, 107)))
    whole = "any" + prefixes.LAST
    assert asked == [whole, "any104", "any103", whole, "any106"]


@pytest.mark.usefixtures("whole_ranges")
def test_of_searches_for_new_beginnings_one_reads_at_a_time(
    users: UserRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.insert_many(named("any", range(100, 110)))
    monkeypatch.setattr(prefixes, "WHOLE_WAIT", 0.1)
    users.search("any", 5)
    reads, go_on = threading.Event(), threading.Event()

    def hold(condition: dict[str, Any]) -> None:
        if condition.get("username_key", {}).get("$gte") == "slow":
            reads.set()
            go_on.wait(PATIENCE)

    before_find(monkeypatch, hold)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(users.search, "slow", 5)
        try:
            assert reads.wait(PATIENCE)
            assert len(users.search("any", 5)) == 5
            with pytest.raises(RateLimited):
                users.search("another", 5)
        finally:
            go_on.set()
        assert slow.result(PATIENCE) == []


def test_a_document_without_what_was_added_can_be_read(
    users: UserRepository, migrated: Database
) -> None:
    document = {"username": "old", "password": "x", "nicname": "Old one", "created_at": 5}
    user_id = str(migrated.db["user"].insert_one(document).inserted_id)
    old = users.find(user_id)
    assert old is not None
    assert (old.username, old.nickname, old.sex, old.locale) == ("old", "Old one", 0, None)
    assert (old.email, old.avatar, old.updated_at) == ("", "", 5)


@pytest.fixture(params=["as it is", "in memory"])
def searched(request: pytest.FixtureRequest, users: UserRepository) -> UserRepository:
    """The repository as its engine is searched, and as one that keeps names in memory."""
    if request.param == "in memory":
        request.getfixturevalue("whole_ranges")
    return users


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("novak", ["janovak", "petrnovak"]),
        ("OVÁK", []),
        ("ova", ["janovak", "petrnovak"]),
        ("n N", ["jnov"]),
        ("王", ["wang1", "wang2"]),
        ("明", ["wang2"]),
        ("v", []),
        ("k", []),
        ("zz", []),
        ("petrnovak", ["petrnovak"]),
    ],
)
def test_a_search_finds_any_part_of_a_name(
    searched: UserRepository, part: str, names: list[str]
) -> None:
    searched.insert(draft("petrnovak"))
    searched.insert_many(
        [
            draft("janovak", email="1@x"),
            draft("jnov", email="2@x", nickname="Jan N."),
            draft("wang1", email="3@x", nickname="王"),
            draft("wang2", email="4@x", nickname="小王明"),
        ]
    )
    assert sorted(names_of(searched.search(part))) == names


def test_whole_names_come_first_then_beginnings_then_parts(searched: UserRepository) -> None:
    searched.insert_many(
        [
            draft("banna", email="1@x"),
            draft("annaxx", email="2@x"),
            draft("zed", email="3@x", nickname="Anna"),
            draft("anna", email="4@x"),
            draft("yan", email="5@x", nickname="Anna B."),
        ]
    )
    assert names_of(searched.search("anna")) == ["anna", "zed", "annaxx", "yan", "banna"]
    assert names_of(searched.search("anna", 2)) == ["anna", "zed"]


def test_a_new_nickname_is_found_by_its_parts_and_the_old_one_is_not(
    searched: UserRepository,
) -> None:
    ann = searched.insert(draft("ann", nickname="Ann Novak"))
    assert names_of(searched.search("ovak")) == ["ann"]
    searched.update(ann.id, {"nickname": "Ann Miller"}, 2_000)
    assert names_of(searched.search("ovak")) == []
    assert names_of(searched.search("mill")) == ["ann"]
    searched.erase(ann.id, 3_000)
    assert searched.search("mill") == []


def test_disabled_users_are_found_by_no_part(searched: UserRepository) -> None:
    ann = searched.insert(draft("annovak"))
    searched.update(ann.id, {"disabled_at": 2_000}, 2_000)
    assert searched.search("ovak") == []
    searched.update(ann.id, {"disabled_at": None}, 3_000)
    assert names_of(searched.search("ovak")) == ["annovak"]


@pytest.mark.parametrize("disabled_here", [True, False])
def test_disabled_users_hide_nobody_from_a_search(
    searched: UserRepository, migrated: Database, disabled_here: bool
) -> None:
    searched.insert_many(named("gone", range(50)))
    searched.insert(draft("engone"))
    assert len(searched.search("one", 5)) == 5
    if disabled_here:
        for number in range(50):
            user = searched.find_by_username(f"gone{number:03}")
            assert user is not None
            searched.update(user.id, {"disabled_at": 2_000}, 2_000)
    else:
        disabled = {"username": {"$ne": "engone"}}
        migrated.db["user"].update_many(disabled, {"$set": {"disabled_at": 2_000}})
    assert names_of(searched.search("one", 5)) == ["engone"]


@pytest.mark.usefixtures("whole_ranges")
def test_whoever_comes_while_all_names_are_read_is_found(
    users: UserRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_insert(*given: Any) -> Iterator[dict[str, Any]]:
        yield from in_pages(*given)
        users.insert(draft("annovak"))
        users.insert_many([draft("bonovak")])

    monkeypatch.setattr(name_parts, "in_pages", read_and_insert)
    users.insert(draft("janovak"))
    assert sorted(names_of(users.search("ovak"))) == ["annovak", "bonovak", "janovak"]


def test_names_of_an_older_version_get_their_endings_in_pieces(
    users: UserRepository, migrated: Database
) -> None:
    users.insert_many(named("user", range(5)))
    documents = migrated.db["user"]
    written = {one["_id"]: one["name_parts"] for one in documents.find()}
    documents.update_many({}, {"$unset": {"name_parts": ""}})
    documents.update_one({"username": "user003"}, {"$set": {"name_parts": ["old"]}})
    documents.insert_one({"deleted_at": 1})
    after: str | None = ""
    while after is not None:
        after = users.index_names(after, 2)
    keyed = documents.find({"username_key": {"$gt": ""}})
    indexed = {one["_id"]: one.get("name_parts") for one in keyed}
    if migrated.dialect is not SECANTUSDB:  # it needs none
        assert indexed == written
