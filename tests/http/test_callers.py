"""What counts as one caller, behind proxies and with several processes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from werkzeug.test import TestResponse

from chat.limits.rules import FIRST_WRONG_CODES, TAKEN_NAMES_PER_MAILBOX, WRONG_CODES, Rule
from chat.models import Purpose
from chat.repositories.codes import CodeRepository
from chat.services.codes import MAX_WRONG_TRIES, VerificationCodes
from harness.accounts import error_of, log_in, make_account, new_email, new_name, new_password

MakeApp = Callable[..., Flask]


def fail(app: Flask, name: str, forwarded: str | None = None) -> TestResponse:
    """Try to log in with a wrong password, perhaps by way of others."""
    body = {"username": name, "password": new_password()}
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return app.test_client().post("/api/session", json=body, headers=headers)


def test_without_a_proxy_callers_cannot_forge_their_address(make_app: MakeApp) -> None:
    app, name = make_app(RATE_LIMITS=True), new_name()
    for number in range(5):
        error_of(fail(app, name, f"192.0.2.{number}"), 401)
    error_of(fail(app, name, "192.0.2.99"), 429)


def test_behind_a_proxy_only_what_it_adds_counts(make_app: MakeApp) -> None:
    app, name = make_app(RATE_LIMITS=True, TRUSTED_PROXIES=1), new_name()
    for number in range(5):
        error_of(fail(app, name, f"198.51.100.{number}, 192.0.2.1"), 401)
    error_of(fail(app, name, "198.51.100.99, 192.0.2.1"), 429)
    error_of(fail(app, name, "192.0.2.1, 192.0.2.2"), 401)


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("203.0.113.8:{}", "203.0.113.8", "203.0.113.9:40001"),
        ("[2001:db8::1]:{}", "2001:db8::2", "[2001:db8:0:1::1]:443"),
        ("::ffff:203.0.113.{}", "[::ffff:203.0.113.0]:1", "203.0.113.9"),
        ("_hidden{}", "unknown", "203.0.113.9"),
        ("{}", "", "203.0.113.9"),
        ("x," * 4_000 + "203.0.113.8:{}", "203.0.113.8", "203.0.113.9"),
        ("fe80::{}%" + "x" * 8_000, "unknown", "203.0.113.9"),
        # Quoted, as some read lists: the caller would hide what the proxy adds.
        ('"{}, 203.0.113.8', "203.0.113.8", '", 203.0.113.9'),
    ],
)
def test_neither_a_port_nor_nonsense_makes_a_new_caller(
    make_app: MakeApp, first: str, same: str, other: str
) -> None:
    app, name = make_app(RATE_LIMITS=True, TRUSTED_PROXIES=1), new_name()
    for number in range(5):
        address = first.format(0 if "113.{}" in first else 40_000 + number)
        error_of(fail(app, name, address), 401)
    error_of(fail(app, name, same or ", "), 429)
    error_of(fail(app, name, other), 401)


def test_with_fewer_entries_than_proxies_the_nearest_one_is_the_caller(make_app: MakeApp) -> None:
    app, name = make_app(RATE_LIMITS=True, TRUSTED_PROXIES=2), new_name()
    for number in range(5):
        error_of(fail(app, name, f"192.0.2.{number}"), 401)
    error_of(fail(app, name, "192.0.2.99"), 429)
    error_of(fail(app, name, "192.0.2.1, 192.0.2.2"), 401)


def test_failures_count_for_all_processes_and_after_a_restart(make_app: MakeApp) -> None:
    key = secrets.token_hex(32)
    first = make_app(RATE_LIMITS=True, SECRET_KEY=key)
    ada = make_account(first)
    for _ in range(5):
        error_of(fail(first, ada.username), 401)
    second = make_app(RATE_LIMITS=True, SECRET_KEY=key)
    right = {"username": ada.username, "password": ada.password}
    refused = second.test_client().post("/api/session", json=right)
    assert 0 < error_of(refused, 429)["retry_after"] <= 300
    unlimited = make_app(RATE_LIMITS=False, SECRET_KEY=key)
    log_in(unlimited.test_client(), ada.username, ada.password)


def test_one_caller_gets_a_hundred_codes_an_hour(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.services.code_sender.spawn", lambda *_: None)  # a hundred letters
    client = make_app(RATE_LIMITS=True).test_client()
    for _ in range(100):
        assert client.post("/api/users/code", json={"email": new_email()}).status_code == 202
    error = error_of(client.post("/api/users/code", json={"email": new_email()}), 429)
    assert 0 < error["retry_after"] <= 3600
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    body = {"email": new_email()}
    assert client.post("/api/users/code", json=body, environ_base=elsewhere).status_code == 202


def guess(client: FlaskClient, email: str, code: str, address: str) -> TestResponse:
    """Try to set a new password by a code."""
    body = {"email": email, "code": code, "password": new_password()}
    return client.put("/api/users/password", json=body, environ_base={"REMOTE_ADDR": address})


def codes_of(app: Flask) -> VerificationCodes:
    """Return what makes the codes of an app, without mailing them."""
    return VerificationCodes(
        codes=CodeRepository(app.extensions["chat"].database), secret=app.config["SECRET_KEY"]
    )


def register(client: FlaskClient, address: str, **given: str) -> TestResponse:
    """Register with whatever else is given."""
    body = {"username": new_name(), "password": new_password(), **given}
    return client.post("/api/users", json=body, environ_base={"REMOTE_ADDR": address})


def test_one_caller_guesses_so_many_codes_and_then_spends_no_try(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True)
    client, here, elsewhere = app.test_client(), "192.0.2.1", "192.0.2.2"
    for _ in range(WRONG_CODES.item.amount):
        error_of(guess(client, new_email(), "000000", here), 400)
    email = new_email()
    good = codes_of(app).issue(email, "register")
    body = {"username": new_name(), "password": new_password(), "email": email}
    for _ in range(MAX_WRONG_TRIES):
        wrong = {**body, "code": "nonsense"}
        refused = client.post("/api/users", json=wrong, environ_base={"REMOTE_ADDR": here})
        assert 0 < error_of(refused, 429)["retry_after"] <= 300
    body["code"] = good
    made = client.post("/api/users", json=body, environ_base={"REMOTE_ADDR": elsewhere})
    assert made.status_code == 201, made.get_json()


def guess_from_everywhere(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, *, networks: int = 2
) -> None:
    """Let several networks type wrong codes until there are more than people mistype."""
    few = FIRST_WRONG_CODES.item.amount
    many = Rule("code-wrong-all", RateLimitItemPerHour(few * networks), shared=True)
    monkeypatch.setattr("chat.services.proofs.WRONG_CODES_OF_ALL", many)
    for number in range(networks):
        for _ in range(few):
            error_of(guess(client, new_email(), "00000000", f"198.51.100.{number}"), 400)


def test_the_operator_is_warned_once_of_guessing_from_one_network(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    three = Rule("code-wrong", RateLimitItemPerMinute(3, 5), shared=True)
    monkeypatch.setattr("chat.services.proofs.WRONG_CODES", three)
    app = make_app(RATE_LIMITS=True)
    for status in (400, 400, 400, 429, 429):
        error_of(guess(app.test_client(), new_email(), "00000000", "192.0.2.1"), status)
    assert caplog.text.count("codes are guessed") == 1
    app.extensions["chat"].audit.flush()
    (told,) = app.extensions["chat"].audit.list_latest(10, action="codes_guessed")
    assert (told.address, told.detail) == ("192.0.2.1", "one network")


def test_guessing_from_one_network_does_not_tighten_the_limits_of_others(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ten = Rule("code-wrong-all", RateLimitItemPerHour(10), shared=True)
    monkeypatch.setattr("chat.services.proofs.WRONG_CODES_OF_ALL", ten)
    app = make_app(RATE_LIMITS=True)
    client, email = app.test_client(), new_email()
    for _ in range(20):
        error_of(guess(client, new_email(), "00000000", "192.0.2.1"), 400)
    code = codes_of(app).issue(email, "register")
    for _ in range(MAX_WRONG_TRIES - 1):
        error_of(register(client, "192.0.2.1", email=email, code="nonsense"), 400)
    assert register(client, "192.0.2.1", email=email, code=code).status_code == 201
    assert "codes are guessed" not in caplog.text


def test_guessing_from_one_ipv6_site_does_not_tighten_the_limits_of_others(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = Rule("code-wrong-first", RateLimitItemPerHour(1), shared=True)  # and ten of a site
    monkeypatch.setattr("chat.services.proofs.FIRST_WRONG_CODES", one)
    many = Rule("code-wrong-all", RateLimitItemPerHour(11), shared=True)
    monkeypatch.setattr("chat.services.proofs.WRONG_CODES_OF_ALL", many)
    client = make_app(RATE_LIMITS=True).test_client()
    for number in range(20):
        error_of(guess(client, new_email(), "00000000", f"2001:db8:1:{number:x}::1"), 400)
    assert "codes are guessed" not in caplog.text
    for site in (2, 3):
        error_of(guess(client, new_email(), "00000000", f"2001:db8:{site}::1"), 400)
    assert "codes are guessed" in caplog.text


def test_while_codes_are_guessed_a_right_one_passes_whatever_its_network_mistyped(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(RATE_LIMITS=True)
    client, school, email = app.test_client(), "192.0.2.1", new_email()
    for _ in range(2 * FIRST_WRONG_CODES.item.amount):
        error_of(guess(client, new_email(), "00000000", school), 400)
    guess_from_everywhere(client, monkeypatch)
    error_of(guess(client, new_email(), "00000000", school), 400)
    code = codes_of(app).issue(email, "register")
    assert register(client, school, email=email, code=code).status_code == 201


def test_during_guessing_a_guesser_has_one_try_for_each_code_and_the_operator_is_warned(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(RATE_LIMITS=True)
    client, email, codes = app.test_client(), new_email(), codes_of(app)
    guess_from_everywhere(client, monkeypatch)
    assert "codes are guessed" not in caplog.text
    guesser = "198.51.100.0"
    code = codes.issue(email, "register")
    for given in ("nonsense", code):
        error_of(register(client, guesser, email=email, code=given), 400)
    # a caller without wrong codes has all remaining tries
    for _ in range(MAX_WRONG_TRIES - 2):
        error_of(register(client, "203.0.113.1", email=email, code="nonsense"), 400)
    assert register(client, "203.0.113.1", email=email, code=code).status_code == 201
    assert caplog.text.count("codes are guessed") == 1
    app.extensions["chat"].audit.flush()
    (told,) = app.extensions["chat"].audit.list_latest(10, action="codes_guessed")
    assert (told.address, told.detail) == (guesser, "many networks")


def test_a_new_guesser_during_guessing_has_the_same_few_first_tries(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(RATE_LIMITS=True)
    client, late, email = app.test_client(), "203.0.113.1", new_email()
    guess_from_everywhere(client, monkeypatch)
    for _ in range(FIRST_WRONG_CODES.item.amount):
        error_of(guess(client, new_email(), "00000000", late), 400)
    code = codes_of(app).issue(email, "register")
    for given in ("nonsense", code):
        error_of(register(client, late, email=email, code=given), 400)


def test_a_right_code_shows_of_few_names_whether_they_are_taken(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True)
    client, email, codes = app.test_client(), new_email(), codes_of(app)
    accounts = [new_name() for _ in range(TAKEN_NAMES_PER_MAILBOX.item.amount)]
    list(app.extensions["chat"].accounts.create_many(accounts, new_password()))
    proof = {"email": email, "code": codes.issue(email, "register")}
    for name in accounts:
        error_of(register(client, "192.0.2.1", username=name, **proof), 409)
    refused = error_of(register(client, "192.0.2.2", username=accounts[0], **proof), 429)
    assert 0 < refused["retry_after"] <= 3600 and list(refused["fields"]) == ["username"]
    label = email.replace("@", "+another@")  # of the same mailbox
    for void in (proof, {"email": label, "code": codes.issue(label, "register")}):
        register(client, "192.0.2.2", username=accounts[0], **void)
        error = error_of(register(client, "192.0.2.2", username=new_name(), **void), 400)
        assert list(error["fields"]) == ["code"]
    again = {"email": email, "code": codes.issue(email, "register")}
    assert register(client, "192.0.2.2", **again).status_code == 201


def test_a_free_name_registers_whatever_others_behind_the_same_address_tried(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Rule("taken-address", RateLimitItemPerHour(3), shared=True)
    monkeypatch.setattr("chat.services.taken_names.TAKEN_NAMES_PER_ADDRESS", few)
    app = make_app(RATE_LIMITS=True)
    client, school, codes = app.test_client(), "192.0.2.1", codes_of(app)
    taken = make_account(app).username

    def proof() -> dict[str, str]:
        email = new_email()
        return {"email": email, "code": codes.issue(email, "register")}

    for _ in range(3):
        error_of(register(client, school, username=taken, **proof()), 409)
    late = proof()
    refused = error_of(register(client, school, username=taken, **late), 429)
    assert list(refused["fields"]) == ["username"]
    assert register(client, school, **late).status_code == 201


def test_names_of_one_mailbox_share_its_codes(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.services.code_sender.spawn", lambda *_: None)  # letters
    client = make_app(RATE_LIMITS=True).test_client()
    name = new_name()
    for label in ("", "+a", "+b"):
        body = {"email": f"{name}{label}@example.org"}
        assert client.post("/api/users/code", json=body).status_code == 202
    error_of(client.post("/api/users/code", json={"email": f"{name}+c@Example.org"}), 429)
    body = {"email": f"{name}-c@example.org"}
    assert client.post("/api/users/code", json=body).status_code == 202


def test_wrong_codes_at_once_are_no_more_than_one_by_one(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Rule("code-wrong", RateLimitItemPerMinute(3, 5), shared=True)
    monkeypatch.setattr("chat.services.proofs.WRONG_CODES", rule)
    app = make_app(RATE_LIMITS=True)
    tried: list[str] = []
    check = VerificationCodes.check

    def noted(self: VerificationCodes, email: str, purpose: Purpose, *given: Any) -> None:
        tried.append(email)
        check(self, email, purpose, *given)

    monkeypatch.setattr(VerificationCodes, "check", noted)

    def status(email: str) -> int:
        return guess(app.test_client(), email, "000000", "192.0.2.1").status_code

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(status, [new_email() for _ in range(16)]))
    assert sorted(found) == [400] * 3 + [429] * 13
    assert len(tried) == 3  # none of the others has spent a try


def test_registration_codes_do_not_use_up_the_limit_of_reset_codes(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.services.code_sender.spawn", lambda *_: None)  # letters
    client = make_app(RATE_LIMITS=True).test_client()
    email = new_email()
    for purpose in ("register", "reset"):
        body = {"email": email, "purpose": purpose}
        for _ in range(3):
            assert client.post("/api/users/code", json=body).status_code == 202
        error_of(client.post("/api/users/code", json=body), 429)
