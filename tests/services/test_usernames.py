"""The cached names of senders: queried seldom, dropped with the account."""

from __future__ import annotations

import pytest
from flask import Flask

from chat.repositories.users import UserRepository
from chat.services import usernames
from chat.services.usernames import NO_NAMES, Names, Usernames
from harness.people import make_people


@pytest.fixture
def users(app: Flask) -> UserRepository:
    return UserRepository(app.extensions["chat"].database)


def test_a_name_is_asked_for_once(app: Flask, users: UserRepository) -> None:
    (ann,) = make_people(app, "ann")
    names = Usernames(users)
    assert names.find([ann.id]) == {ann.id: Names(ann.username, ann.username)}
    users.erase(ann.id, 1)
    assert names.find([ann.id]) == {ann.id: Names(ann.username, ann.username)}
    names.forget(ann.id)
    assert names.find([ann.id, "0" * 24]) == {ann.id: NO_NAMES, "0" * 24: NO_NAMES}


def test_a_deletion_in_another_process_is_noticed_after_a_while(
    app: Flask, users: UserRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usernames, "MAX_AGE", 0.0)
    (ann,) = make_people(app, "ann")
    names = Usernames(users)
    assert names.find([ann.id]) == {ann.id: Names(ann.username, ann.username)}
    users.erase(ann.id, 1)
    assert names.find([ann.id]) == {ann.id: NO_NAMES}


def test_an_account_is_erased_once(app: Flask, users: UserRepository) -> None:
    ann, bob = make_people(app, "ann", "bob")
    assert users.erase(ann.id, 1)
    assert not users.erase(ann.id, 2)
    assert users.find(ann.id) is None
    assert set(users.list_by_ids([ann.id, bob.id])) == {bob.id}
