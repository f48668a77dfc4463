"""Who may register: by the settings, by the domain of the address, by an invitation."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import RateLimitItemPerHour

from chat.errors import Unavailable
from chat.limits.rules import Rule
from chat.repositories.documents import date_of, object_id
from chat.repositories.users import UserRepository
from chat.services.passwords import Passwords
from chat.text.addresses import ascii_address, tidy_address
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
from harness.people import operator
from tests.mailbox import Mailbox

MakeApp = Callable[..., Flask]


@pytest.fixture
def mailing_app(make_app: MakeApp, mailbox: Mailbox) -> MakeApp:
    """A function that makes an app whose mail arrives in the mailbox."""
    return lambda **settings: make_app(**mailbox.settings, **settings)


def make_link(app: Flask, uses: int = 1, days: int = 1) -> str:
    """Make a link to register as an operator would, and return its token."""
    return operator(app).issue_registration(uses, days)[1]


def body(**changes: Any) -> dict[str, Any]:
    return {"username": new_name(), "password": new_password(), **changes}


def register(client: FlaskClient, **changes: Any) -> Any:
    """Register with a name and a password and whatever else is given."""
    return client.post("/api/users", json=body(**changes), headers=ENGLISH)


def ask_code(client: FlaskClient, email: str, purpose: str = "register") -> Any:
    return client.post(
        "/api/users/code", json={"email": email, "purpose": purpose}, headers=ENGLISH
    )


def test_by_default_a_code_and_an_invitation_are_good(
    mailing_app: MakeApp, mailbox: Mailbox
) -> None:
    app = mailing_app()
    client, email = app.test_client(), new_email()
    data_of(ask_code(client, email), 202)
    data_of(register(client, email=email, code=mailbox.wait_for_code(email)), 201)
    data_of(register(client, invitation=make_link(app)), 201)


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [("invitation", "Only people with an invitation"), ("closed", "Nobody can register here")],
)
def test_no_code_is_mailed_or_valid_when_registration_needs_an_invitation(
    mailing_app: MakeApp, mailbox: Mailbox, mode: str, sentence: str
) -> None:
    before, email = mailing_app().test_client(), new_email()
    data_of(ask_code(before, email), 202)
    code = mailbox.wait_for_code(email)
    client = mailing_app(REGISTRATION=mode).test_client()
    letters = mailbox.arrivals
    for response in (ask_code(client, new_email()), register(client, email=email, code=code)):
        error = error_of(response, 403)
        assert error["code"] == "forbidden" and error["message"].startswith(sentence)
    assert mailbox.arrivals == letters


def test_when_registration_is_closed_no_invitation_is_valid(make_app: MakeApp) -> None:
    token = make_link(make_app())
    closed, opened = make_app(REGISTRATION="closed"), make_app(REGISTRATION="invitation")
    error = error_of(register(closed.test_client(), invitation=token), 403)
    assert error["message"].startswith("Nobody can register here")
    data_of(register(opened.test_client(), invitation=token), 201)  # it was not used


def test_a_closed_server_still_mails_codes_to_reset(mailing_app: MakeApp, mailbox: Mailbox) -> None:
    client, email, new = mailing_app().test_client(), new_email(), new_password()
    data_of(ask_code(client, email), 202)
    data_of(register(client, email=email, code=mailbox.wait_for_code(email)), 201)
    closed = mailing_app(REGISTRATION="closed").test_client()
    data_of(ask_code(closed, email, "reset"), 202)
    reset = {"email": email, "code": mailbox.wait_for_code(email), "password": new}
    assert closed.put("/api/users/password", json=reset).status_code == 204


@pytest.mark.parametrize(
    "domain",
    [
        "example.org",
        "EXAMPLE.org",
        "ｅｘａｍｐｌｅ.org",
        "例え.jp",
        "xn--r8jz45g.jp",
        "XN--R8JZ45G.jp",
    ],
)
def test_addresses_of_the_domains_may_register(
    mailing_app: MakeApp, mailbox: Mailbox, domain: str
) -> None:
    app = mailing_app(REGISTRATION_DOMAINS="school.test, 例え.jp,Example.ORG")
    client, name = app.test_client(), new_name()
    data_of(ask_code(client, f"{name}@{domain}"), 202)
    code = mailbox.wait_for_code(ascii_address(tidy_address(f"{name}@{domain}")) or "")
    data_of(register(client, email=f"{name}@{domain}", code=code), 201)


@pytest.mark.parametrize(
    "domain", ["example.com", "sub.example.org", "example.org.evil.test", "notexample.org"]
)
def test_addresses_of_other_domains_are_refused_with_the_allowed_ones(
    mailing_app: MakeApp, mailbox: Mailbox, domain: str
) -> None:
    elsewhere = f"{new_name()}@{domain}"
    before = mailing_app()
    data_of(ask_code(before.test_client(), elsewhere), 202)
    code = mailbox.wait_for_code(elsewhere)
    app = mailing_app(REGISTRATION_DOMAINS="example.org,例え.jp")
    client, letters = app.test_client(), mailbox.arrivals
    invited = {"email": elsewhere, "invitation": make_link(app)}
    for response in (
        ask_code(client, elsewhere),
        register(client, email=elsewhere, code=code),
        register(client, **invited),
    ):
        error = error_of(response, 400)
        assert error["fields"] == {
            "email": ["Only addresses at example.org, 例え.jp can register here."]
        }
    assert mailbox.arrivals == letters
    data_of(ask_code(client, elsewhere, "reset"), 202)  # existing accounts are not affected
    del invited["email"]
    data_of(register(client, **invited), 201)


def test_of_many_domains_a_few_are_named(make_app: MakeApp) -> None:
    domains = ",".join(f"d{number}.test" for number in range(40))
    error = error_of(ask_code(make_app(REGISTRATION_DOMAINS=domains).test_client(), "a@b.c"), 400)
    (text,) = error["fields"]["email"]
    assert "d4.test, …" in text and "d5.test" not in text


def test_missing_proofs_are_named(app: Flask) -> None:
    token = make_link(app, uses=10)
    for given, missing in (
        ({}, ["email", "code"]),
        ({"email": new_email()}, ["code"]),
        ({"code": "123456"}, ["email"]),
        ({"code": "123456", "invitation": token}, ["email"]),
    ):
        error = error_of(register(app.test_client(), **given), 400)
        assert error["fields"] == {name: ["This field is required."] for name in missing}


def test_a_token_is_128_bits_and_stored_as_a_hash(app: Flask) -> None:
    token = make_link(app)
    assert len(token) == 22
    (stored,) = app.extensions["chat"].database.db["link"].find()
    assert token not in str(stored)


@pytest.mark.parametrize(("uses", "count"), [(1, 20), (3, 20)])
def test_many_at_once_make_as_many_accounts_as_an_invitation_has_uses(
    make_app: MakeApp, uses: int, count: int
) -> None:
    apps = [make_app(REGISTRATION="invitation") for _ in range(2)]  # as two processes
    token = make_link(apps[0], uses)
    names = [new_name() for _ in range(count)]

    def try_it(number: int) -> int:
        client = apps[number % 2].test_client()
        response = register(client, username=names[number], invitation=token)
        return int(response.status_code)

    with ThreadPoolExecutor(count) as pool:
        outcomes = list(pool.map(try_it, range(count)))
    assert sorted(outcomes) == [201] * uses + [400] * (count - uses)
    users = apps[0].extensions["chat"].database.db["user"]
    assert users.count_documents({}) == uses


def test_a_name_that_is_taken_costs_no_use(app: Flask) -> None:
    taken = make_account(app).username
    client, token = app.test_client(), make_link(app)
    for _ in range(3):
        error = error_of(register(client, username=taken, invitation=token), 409)
        assert list(error["fields"]) == ["username"]
    data_of(register(client, invitation=token), 201)
    error_of(register(client, invitation=token), 400)


def test_a_name_that_another_one_takes_in_the_same_moment_costs_no_use(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = make_account(app).username
    client, token = app.test_client(), make_link(app)
    with monkeypatch.context() as before:
        before.setattr(UserRepository, "find_by_username", lambda *_: None)
        error_of(register(client, username=taken, invitation=token), 409)
    data_of(register(client, invitation=token), 201)


def test_what_fails_before_there_is_an_account_costs_no_use(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, token = app.test_client(), make_link(app)

    def fail(*_: object) -> str:
        raise Unavailable()

    for where, what in ((Passwords, "hash"), (UserRepository, "find_by_username")):
        with monkeypatch.context() as failing:
            failing.setattr(where, what, fail)
            error_of(register(client, invitation=token), 503)
    data_of(register(client, invitation=token), 201)


def few_taken_by_invitation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the limit of taken names of one invitation to two."""
    few = Rule("taken-link", RateLimitItemPerHour(2), shared=True)
    monkeypatch.setattr("chat.services.taken_names.TAKEN_NAMES_PER_LINK", few)


def test_an_invitation_reveals_a_limited_number_of_taken_names(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_taken_by_invitation(monkeypatch)
    app = make_app(RATE_LIMITS=True)
    taken, token, other = make_account(app).username, make_link(app, uses=9), make_link(app)

    def call(address: str, **given: str) -> Any:
        client = app.test_client()
        return client.post("/api/users", json=body(**given), environ_base={"REMOTE_ADDR": address})

    error_of(call("192.0.2.0", username=taken, invitation=token), 409)
    data_of(call("192.0.2.0", invitation=token), 201)  # a free one is not counted
    error_of(call("192.0.2.1", username=taken, invitation=token), 409)
    for name in (taken, new_name()):
        refused = error_of(call("192.0.2.3", username=name, invitation=token), 429)
        assert 0 < refused.pop("retry_after") <= 3600
        assert set(refused) == {"code", "message"}
    error_of(call("192.0.2.3", username=taken, invitation=other), 409)
    data_of(call("192.0.2.3", invitation=other), 201)


def test_an_invitation_over_the_limit_of_taken_names_is_valid_with_a_code(
    mailing_app: MakeApp, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_taken_by_invitation(monkeypatch)
    app = mailing_app(RATE_LIMITS=True, REGISTRATION="open")
    client, token, email = app.test_client(), make_link(app), new_email()
    taken = make_account(app).username
    for status in (409, 409, 429):
        error_of(register(client, username=taken, invitation=token), status)
    data_of(ask_code(client, email), 202)
    proof = {"email": email, "code": mailbox.wait_for_code(email)}
    data_of(register(client, invitation=token, **proof), 201)


def test_concurrent_tries_of_one_invitation_reveal_no_more_names(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_taken_by_invitation(monkeypatch)
    app = make_app(RATE_LIMITS=True)
    taken, token = make_account(app).username, make_link(app)

    def status(_: int) -> int:
        return int(register(app.test_client(), username=taken, invitation=token).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(status, range(8))) == [409] * 2 + [429] * 6


def test_an_unknown_used_expired_and_revoked_invitation_look_alike(app: Flask) -> None:
    services, client = app.extensions["chat"], app.test_client()
    used, expired, revoked = make_link(app), make_link(app), make_link(app)
    data_of(register(client, invitation=used), 201)
    _, second, third = services.account_administration.list_registrations()
    a_moment_ago = date_of(services.database.now_ms() - 1)
    services.database.db["link"].update_one(
        {"_id": object_id(second.id)}, {"$set": {"expires_at": a_moment_ago}}
    )
    services.account_administration.revoke_registration(third.id)
    seen = {
        register(client, invitation=token).get_data()
        for token in (used, expired, revoked, "x", "A" * 22)
    }
    assert len(seen) == 1 and b"not valid, has expired or was used" in seen.pop()


def test_wrong_invitations_are_limited_for_each_caller(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True)
    client, token = app.test_client(), make_link(app)
    for _ in range(60):
        error_of(register(client, invitation="A" * 22), 400)
    error_of(register(client, invitation="A" * 22), 429)
    data_of(register(client, invitation=token), 201)  # a right token is never refused


def test_an_address_with_an_invitation_alone_is_unproven_and_cannot_log_in(
    mailing_app: MakeApp, mailbox: Mailbox
) -> None:
    app = mailing_app()
    client, email, password = app.test_client(), new_email(), new_password()
    made = data_of(register(client, email=email, password=password, invitation=make_link(app)), 201)
    assert made["user"]["email"] == email
    wrong = {"username": email, "password": password}
    error_of(client.post("/api/session", json=wrong), 401)
    # whose it is can register with it, and reset the password of their account alone
    data_of(ask_code(client, email), 202)
    owner = data_of(register(client, email=email, code=mailbox.wait_for_code(email)), 201)
    data_of(ask_code(client, email, "reset"), 202)
    code = mailbox.wait_for_code(email)
    change = {"current_password": password, "password": new_password()}
    changed = client.put(
        "/api/users/me/password", json=change, headers=bearer(made["access_token"])
    )
    assert changed.status_code == 204  # and voids no code of the owner's
    reset = {"email": email, "code": code, "password": new_password()}
    assert client.put("/api/users/password", json=reset).status_code == 204
    name = owner["user"]["username"]
    data_of(client.post("/api/session", json={"username": name, "password": reset["password"]}))


def test_an_address_with_a_code_and_an_invitation_is_proven(
    mailing_app: MakeApp, mailbox: Mailbox
) -> None:
    app = mailing_app()
    client, email, password = app.test_client(), new_email(), new_password()
    data_of(ask_code(client, email), 202)
    proof = {"email": email, "code": mailbox.wait_for_code(email), "invitation": make_link(app)}
    error_of(register(client, **{**proof, "code": "000000x"}), 400)
    data_of(register(client, password=password, **proof), 201)
    data_of(client.post("/api/session", json={"username": email, "password": password}))
