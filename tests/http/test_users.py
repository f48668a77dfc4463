"""Accounts over HTTP: codes, registration, profiles, search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.services.profiles import INDEX_NAMES
from harness.accounts import (
    ENGLISH,
    bearer,
    data_of,
    error_of,
    make_account,
    new_email,
    new_name,
    new_password,
)
from tests.mailbox import Mailbox, text_of

JSON = "application/json"
PUBLIC = {"id", "username", "nickname", "sex", "avatar", "created_at"}
OWN = PUBLIC | {"email", "locale"}


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only users of its own."""
    return shared_app


def ask_code(client: FlaskClient, mailbox: Mailbox, email: str, purpose: str = "register") -> str:
    data = data_of(client.post("/api/users/code", json={"email": email, "purpose": purpose}), 202)
    assert data == {"expires_in": 600}
    return mailbox.wait_for_code(email)


def form(email: str, code: str, /, **changes: Any) -> dict[str, Any]:
    return {
        "username": new_name(),
        "password": new_password(),
        "email": email,
        "code": code,
        **changes,
    }


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_mailed_code_makes_an_account_that_is_logged_in(
    mailing: FlaskClient, mailbox: Mailbox
) -> None:
    email = new_email()
    body = form(email, ask_code(mailing, mailbox, email))
    data = data_of(mailing.post("/api/users", json=body), 201)
    assert set(data) == {"user", "access_token", "refresh_token"}
    assert set(data["user"]) == OWN
    assert data["user"]["nickname"] == data["user"]["username"] == body["username"]
    assert data["user"]["locale"] is None
    me = data_of(mailing.get("/api/users/me", headers=bearer(data["access_token"])))
    assert me == data["user"]


def test_registration_takes_a_nickname(mailing: FlaskClient, mailbox: Mailbox) -> None:
    email = new_email()
    body = form(email, ask_code(mailing, mailbox, email), nickname=" 张三 ")
    assert data_of(mailing.post("/api/users", json=body), 201)["user"]["nickname"] == "张三"


def test_a_code_is_good_once(mailing: FlaskClient, mailbox: Mailbox) -> None:
    email = new_email()
    code = ask_code(mailing, mailbox, email)
    data_of(mailing.post("/api/users", json=form(email, code)), 201)
    error = error_of(mailing.post("/api/users", json=form(email, code)), 400)
    assert list(error["fields"]) == ["code"]


def test_five_wrong_tries_void_a_code(mailing: FlaskClient, mailbox: Mailbox) -> None:
    email = new_email()
    code = ask_code(mailing, mailbox, email)
    for _ in range(5):
        error_of(mailing.post("/api/users", json=form(email, other_than(code))), 400)
    error_of(mailing.post("/api/users", json=form(email, code)), 400)


def test_four_wrong_tries_leave_a_code_good(mailing: FlaskClient, mailbox: Mailbox) -> None:
    email = new_email()
    code = ask_code(mailing, mailbox, email)
    for _ in range(4):
        error_of(mailing.post("/api/users", json=form(email, other_than(code))), 400)
    data_of(mailing.post("/api/users", json=form(email, code)), 201)


def test_a_new_code_replaces_the_old_one(mailing: FlaskClient, mailbox: Mailbox) -> None:
    email = new_email()
    old = ask_code(mailing, mailbox, email)
    new = ask_code(mailing, mailbox, email)
    if old != new:
        error_of(mailing.post("/api/users", json=form(email, old)), 400)
    data_of(mailing.post("/api/users", json=form(email, new)), 201)


def test_a_code_is_good_for_its_own_address_alone(mailing: FlaskClient, mailbox: Mailbox) -> None:
    code = ask_code(mailing, mailbox, new_email())
    error_of(mailing.post("/api/users", json=form(new_email(), code)), 400)


def test_a_taken_name_is_a_conflict_only_with_the_code(
    mailing: FlaskClient, mailbox: Mailbox
) -> None:
    taken = make_account(mailing.application).username
    email = new_email()
    code = ask_code(mailing, mailbox, email)
    wrong = form(email, other_than(code), username=taken)
    assert list(error_of(mailing.post("/api/users", json=wrong), 400)["fields"]) == ["code"]
    for _ in range(6):  # more often than wrong codes may be tried
        right = form(email, code, username=taken.upper())
        error = error_of(mailing.post("/api/users", json=right), 409)
        assert error["code"] == "conflict" and list(error["fields"]) == ["username"]
    data_of(mailing.post("/api/users", json=form(email, code)), 201)


def test_the_answer_for_a_taken_address_is_the_same_and_its_owner_is_told(
    mailing: FlaskClient, mailbox: Mailbox
) -> None:
    email = new_email()
    code = ask_code(mailing, mailbox, email)
    body = form(email, code)
    data_of(mailing.post("/api/users", json=body), 201)

    shouted = email.upper()
    known = mailing.post("/api/users/code", json={"email": shouted})
    unknown_email = new_email()
    unknown = mailing.post("/api/users/code", json={"email": unknown_email})
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    notice = text_of(mailbox.wait_for(email))
    assert body["username"] in notice
    assert not any(word.isdigit() and len(word) == 6 for word in notice.split())
    mailbox.wait_for(unknown_email)


def test_a_reset_code_for_an_unknown_address_is_answered_alike(
    mailing: FlaskClient, mailbox: Mailbox
) -> None:
    email = new_email()
    data_of(mailing.post("/api/users", json=form(email, ask_code(mailing, mailbox, email))), 201)
    known = mailing.post("/api/users/code", json={"email": email, "purpose": "reset"})
    unknown = mailing.post("/api/users/code", json={"email": new_email(), "purpose": "reset"})
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    mailbox.wait_for_code(email)


@pytest.mark.parametrize("purpose", ["register", "reset"])
def test_a_wrong_code_costs_the_same_for_known_and_unknown_addresses(
    mailing: FlaskClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, purpose: str
) -> None:
    known, unknown = new_email(), new_email()
    data_of(mailing.post("/api/users", json=form(known, ask_code(mailing, mailbox, known))), 201)
    monkeypatch.setattr("chat.services.code_sender.spawn", lambda task, *args: task(*args))
    codes = mailing.application.extensions["chat"].database.db["verification_code"]
    seen = []
    for email in (known, unknown):
        body = {"email": email, "purpose": purpose}
        assert mailing.post("/api/users/code", json=body).status_code == 202
        if purpose == "register":
            tried = mailing.post("/api/users", json=form(email, "none"))
        else:
            body = {"email": email, "code": "none", "password": new_password()}
            tried = mailing.put("/api/users/password", json=body)
        stored = codes.find_one({"email": email, "purpose": purpose})
        seen.append((tried.status_code, tried.data, stored and stored["tries"]))
    assert seen[0] == seen[1]
    assert seen[0][0] == 400 and seen[0][2] == 1


def test_the_mail_is_in_the_language_of_the_request(mailing: FlaskClient, mailbox: Mailbox) -> None:
    chinese, english = new_email(), new_email()
    mailing.post("/api/users/code", json={"email": chinese})
    mailing.post("/api/users/code", json={"email": english}, headers=ENGLISH)
    assert mailbox.wait_for(chinese)["Subject"] == "您的注册验证码"
    assert mailbox.wait_for(english)["Subject"] == "Your registration code"


def test_codes_and_passwords_are_stored_as_hashes(mailing: FlaskClient, mailbox: Mailbox) -> None:
    email = new_email()
    code = ask_code(mailing, mailbox, email)
    database = mailing.application.extensions["chat"].database.db
    assert code not in str(database["verification_code"].find_one({"email": email}))
    body = form(email, code)
    data = data_of(mailing.post("/api/users", json=body), 201)
    stored = database["user"].find_one({"username": body["username"]})
    assert stored["password"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    session = str(list(database["session"].find()))
    assert data["refresh_token"] not in session


def test_codes_are_limited_for_each_address(
    make_app: Callable[..., Flask], mailbox: Mailbox
) -> None:
    client = make_app(**mailbox.settings, RATE_LIMITS=True).test_client()
    email = new_email()
    for address in (email, email.upper(), email):
        assert client.post("/api/users/code", json={"email": address}).status_code == 202
        mailbox.wait_for(address)
    response = client.post("/api/users/code", json={"email": email}, headers=ENGLISH)
    error = error_of(response, 429)
    assert error["code"] == "rate_limited"
    assert 3500 < error["retry_after"] <= 3600
    assert response.headers["Retry-After"] == str(error["retry_after"])
    assert str(error["retry_after"]) in error["message"]
    other = new_email()
    assert client.post("/api/users/code", json={"email": other}).status_code == 202
    mailbox.wait_for(other)


@pytest.mark.parametrize(
    ("changes", "chinese", "english"),
    [
        ({"username": "ab"}, "用户名须为 3–20 个字符", "3–20 characters"),
        ({"password": "1234567"}, "长度不能少于 8 个字符。", "At least 8 characters, please."),
        ({"password": "Iloveyou"}, "这个密码太常见", "This password is one of the most common"),
    ],
)
def test_bad_registrations_are_explained_in_both_languages(
    client: FlaskClient, changes: dict[str, Any], chinese: str, english: str
) -> None:
    body = form(new_email(), "123456", **changes)
    (name,) = changes
    for headers, start in (({}, chinese), (ENGLISH, english)):
        error = error_of(client.post("/api/users", json=body, headers=headers), 400)
        assert error["code"] == "validation_error"
        assert list(error["fields"]) == [name]
        assert len(error["fields"][name]) == 1
        assert error["fields"][name][0].startswith(start)


def test_lone_surrogates_are_refused_as_values_and_as_names(client: FlaskClient) -> None:
    body = rb'{"email": "\ud800@example.org", "\ud800": 1}'
    error = error_of(client.post("/api/users/code", data=body, content_type=JSON), 400)
    assert set(error["fields"]) == {"email", "?"}


def test_own_details_can_be_edited(app: Flask) -> None:
    alice = make_account(app)
    changes = {"nickname": "小明", "sex": 2, "locale": "en"}
    changed = data_of(alice.patch("/users/me", json=changes))
    assert {name: changed[name] for name in changes} == changes
    assert data_of(alice.get("/users/me")) == changed
    assert data_of(alice.patch("/users/me", json={})) == changed
    assert data_of(alice.patch("/users/me", json={"locale": None}))["locale"] is None


@pytest.mark.parametrize(
    "changes", [{"email": "other@example.org"}, {"sex": 3}, {"avatar": "/a.png"}], ids=str
)
def test_bad_changes_are_refused_and_change_nothing(app: Flask, changes: dict[str, Any]) -> None:
    alice = make_account(app)
    error = error_of(alice.patch("/users/me", json={"nickname": "New", **changes}), 400)
    assert list(error["fields"]) == list(changes)
    assert data_of(alice.get("/users/me")) == alice.user


def test_the_saved_language_wins_over_the_header(app: Flask) -> None:
    alice = make_account(app)
    data_of(alice.patch("/users/me", json={"locale": "zh"}))
    error = error_of(alice.patch("/users/me", json={"sex": 9}, headers=ENGLISH), 400)
    assert error["message"] == "输入有误，请检查后重试。"


def test_others_see_neither_address_nor_language(app: Flask) -> None:
    alice, bob = make_account(app), make_account(app)
    seen = data_of(alice.get(f"/users/{bob.username.upper()}"))
    assert set(seen) == PUBLIC
    assert seen["id"] == bob.id


def test_an_unknown_username_is_not_found(app: Flask) -> None:
    alice = make_account(app)
    for name in ("nobody-at-all", "x" * 500, "%00", "%ff", "$gt"):
        assert error_of(alice.get(f"/users/{name}"), 404)["code"] == "not_found"


def test_people_are_found_by_the_start_of_username_or_nickname(app: Flask) -> None:
    prefix = new_name()
    alice, bob = make_account(app, f"{prefix}.Alice"), make_account(app)
    data_of(bob.patch("/users/me", json={"nickname": f"{prefix.upper()} 小明"}))
    found = data_of(alice.get(f"/users?q={prefix.title()}"))
    assert [user["username"] for user in found] == [alice.username, bob.username]
    assert set(found[0]) == PUBLIC
    assert data_of(alice.get("/users?q=")) == []
    assert data_of(alice.get("/users?q=.*")) == []


@pytest.mark.parametrize("at", ["", "@", "＠"])
def test_people_are_found_by_any_part_of_their_names(app: Flask, at: str) -> None:
    inner = new_name()[1:]
    alice, bob = make_account(app, f"a{inner}"), make_account(app)
    data_of(bob.patch("/users/me", json={"nickname": f"Bob {inner.upper()}!"}))
    for part in (inner, inner[1:]):
        found = data_of(alice.get("/users", query_string={"q": f"{at}{part}"}))
        assert [user["username"] for user in found] == sorted([alice.username, bob.username])


def test_users_of_an_older_version_are_indexed_by_a_job_and_once_more(app: Flask) -> None:
    inner = new_name()[1:]
    alice = make_account(app, f"a{inner}")
    services = app.extensions["chat"]
    services.database.db["user"].update_many({}, {"$unset": {"name_parts": ""}})
    services.jobs.enqueue(INDEX_NAMES, {})
    services.jobs.run_due()
    assert data_of(alice.get(f"/users?q={inner}"))
    assert {"again": True} in services.jobs.list_arguments(INDEX_NAMES)


def test_at_most_twenty_people_are_found(app: Flask) -> None:
    alice = make_account(app)
    prefix = new_name()
    names = [f"{prefix}-{number}" for number in range(25)]
    list(app.extensions["chat"].accounts.create_many(names, new_password()))
    assert len(data_of(alice.get(f"/users?q={prefix}"))) == 20


@pytest.mark.parametrize("query", ["", "?p=x", "?q=a&q=b", "?q=a&limit=9", f"?q={'x' * 51}"])
def test_bad_searches_are_refused(app: Flask, query: str) -> None:
    error = error_of(make_account(app).get(f"/users{query}"), 400)
    assert error["code"] == "validation_error"


@pytest.mark.parametrize("path", ["/users/me", "/users/someone", "/users?q=a", "/session"])
def test_strangers_are_refused(client: FlaskClient, path: str) -> None:
    response = client.get("/api" + path)
    assert error_of(response, 401)["code"] == "unauthorized"
    assert response.headers["WWW-Authenticate"] == "Bearer"
