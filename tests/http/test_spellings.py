"""One name, number, code, address or password in several spellings of Unicode, over HTTP."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from chat.repositories.users import UserRepository
from harness.accounts import (
    bearer,
    data_of,
    error_of,
    log_in,
    make_account,
    new_email,
    new_name,
    new_password,
)
from tests.mailbox import Mailbox

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only users of its own."""
    return shared_app


def test_a_name_in_full_width_is_the_name(app: Flask) -> None:
    alice, bob = make_account(app), make_account(app)
    wide = alice.username.upper().translate(FULL_WIDTH)
    assert log_in(app.test_client(), wide, alice.password).id == alice.id
    assert data_of(bob.get(f"/users/{wide}"))["id"] == alice.id
    assert data_of(bob.post("/rooms/direct", json={"username": wide}), 201)["kind"] == "direct"


@pytest.mark.parametrize(
    ("nickname", "typed"),
    [
        ("José {}", "JOSE\u0301 {}"),
        ("Jose\u0301 {}", "josé {}"),
        ("ΝΙΚΟΣ {}", "νικος {}"),
        ("Straße {}", "STRASSE {}"),
        ("İstanbul {}", "istanbul {}"),
        ("ｗａｎｇ {}", "WANG {}"),
    ],
)
def test_people_are_found_by_any_spelling_of_a_nickname(
    app: Flask, nickname: str, typed: str
) -> None:
    alice, bob = make_account(app), make_account(app)
    own = new_name()
    assert alice.patch("/users/me", json={"nickname": nickname.format(own)}).status_code == 200
    found = data_of(bob.get("/users", query_string={"q": typed.format(own)[:-3]}))
    assert [user["id"] for user in found] == [alice.id]
    assert found[0]["nickname"] == nickname.format(own)


@pytest.mark.parametrize("q", ["\u200b", "\u00ad", "\ufe0f"])
def test_a_search_for_nothing_visible_finds_nobody(app: Flask, q: str) -> None:
    assert data_of(make_account(app).get("/users", query_string={"q": q})) == []


def test_a_group_is_joined_by_its_number_however_it_is_typed(app: Flask) -> None:
    alice, bob = make_account(app), make_account(app)
    room = data_of(alice.post("/rooms", json={"name": "🫨"}), 201)
    first, second, third = (room["number"][at : at + 3] for at in (0, 3, 6))
    for typed in (
        f"{first} {second} {third}",
        f"{first}-{second}-{third}",
        f"{first}\u2013{second}\u2212{third}".translate(FULL_WIDTH),
        f"\u202d{first}\u3000{second}\uff0d{third}\u202c",
        room["number"].translate({0x30 + digit: 0x660 + digit for digit in range(10)}),
    ):
        assert data_of(bob.post("/rooms/join", json={"number": typed}))["id"] == room["id"], typed
    error_of(bob.post("/rooms/join", json={"number": " - "}), 404)
    error_of(bob.post("/rooms/join", json={"number": f"{room['number']}x"}), 404)


def spelled(form: str, password: str) -> str:
    return unicodedata.normalize(form, password)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_new_password_is_valid_in_both_unicode_forms(app: Flask, form: str) -> None:
    alice = make_account(app)
    new = f"pässwörd 한 {new_password()}"
    body = {"current_password": alice.password, "password": spelled(form, new)}
    assert alice.put("/users/me/password", json=body).status_code == 204
    for typed in ("NFC", "NFD"):
        log_in(app.test_client(), alice.username, spelled(typed, new))


def test_an_old_hash_of_the_typed_form_is_valid_and_renewed(app: Flask) -> None:
    alice = make_account(app)
    users = UserRepository(app.extensions["chat"].database)
    typed = spelled("NFD", f"pässwörd {new_password()}")
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    old_hash = hasher.hash(typed)
    users.update(alice.id, {"password_hash": old_hash}, 2)
    login = {"username": alice.username, "password": typed + "x"}
    error_of(app.test_client().post("/api/session", json=login), 401)
    log_in(app.test_client(), alice.username, spelled("NFC", typed))
    found = users.find(alice.id)
    assert found is not None and found.password_hash != old_hash
    assert hasher.verify(found.password_hash, spelled("NFC", typed))
    log_in(app.test_client(), alice.username, typed)
    again = users.find(alice.id)
    assert again is not None and again.password_hash == found.password_hash


def test_spellings_of_a_name_share_the_count_of_wrong_passwords(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(RATE_LIMITS=True)
    alice = make_account(app)
    client, wrong = app.test_client(), new_password()
    spellings = [alice.username, alice.username.upper(), alice.username.translate(FULL_WIDTH)]
    bold = {code: 0x1D41A + code - 0x61 for code in range(0x61, 0x7B)}
    for name in [*spellings, alice.username.translate(bold), f"{alice.username}\u200b"]:
        error_of(client.post("/api/session", json={"username": name, "password": wrong}), 401)
    error_of(client.post("/api/session", json={"username": spellings[2], "password": wrong}), 429)


def test_one_address_in_two_forms_is_one_account(mailing: FlaskClient, mailbox: Mailbox) -> None:
    """And mail goes to its ASCII form."""
    name = new_name()
    unicode, ascii_ = f"{name}@bücher.example", f"{name}@xn--bcher-kva.example"
    mailing.post("/api/users/code", json={"email": unicode})
    code = mailbox.wait_for_code(ascii_)
    body = {"username": new_name(), "password": new_password(), "email": ascii_}
    body["code"] = f"{code[:3]} {code[3:]}".translate(FULL_WIDTH)
    registered = data_of(mailing.post("/api/users", json=body), 201)
    own = mailing.get("/api/users/me", headers=bearer(registered["access_token"]))
    assert data_of(own)["email"] == ascii_
    log_in(mailing, unicode.upper().translate(FULL_WIDTH), body["password"])
    for email in (unicode, f"{name.upper()}@BU\u0308CHER。example"):
        mailing.post("/api/users/code", json={"email": email, "purpose": "reset"})
        reset = {"email": email, "code": mailbox.wait_for_code(ascii_), "password": new_password()}
        assert mailing.put("/api/users/password", json=reset).status_code == 204


def test_a_code_goes_to_the_stored_address_for_any_spelling(
    mailing: FlaskClient, mailbox: Mailbox
) -> None:
    """Mail servers may distinguish spellings that are equal here, and give them to other owners."""
    email = new_email().replace("u", "Unique.")
    mailing.post("/api/users/code", json={"email": email})
    body = {"username": new_name(), "password": new_password(), "email": email}
    body["code"] = mailbox.wait_for_code(email)
    data_of(mailing.post("/api/users", json=body), 201)
    for typed in (email.upper(), email.translate(FULL_WIDTH)):
        mailing.post("/api/users/code", json={"email": typed, "purpose": "reset"})
        assert mailbox.wait_for_code(email)
    mailing.post("/api/users/code", json={"email": email.lower()})
    assert "Unique" not in str(mailbox.wait_for(email)["Subject"])  # that it is taken
