"""Who finds a form to register, by which link, and how a link sets a new password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from chat.database.client import Database
from harness.accounts import new_name, new_password
from harness.people import Person, operator
from harness.servers import Server
from tests.conftest import drop, with_database
from tests.page.conftest import Visitor, register
from tests.page.faults import axe_faults

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]
Visit = Callable[..., Visitor]


@pytest.fixture
def serve(mongo_uri: str, database_name: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that starts a server with settings of its own, on one database."""
    servers: list[Server] = []

    def start(**settings: object) -> Server:
        uri = with_database(mongo_uri, database_name)
        servers.append(Server(tmp_path, MONGO_URI=uri, **settings).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    drop(Database(mongo_uri), database_name)


def hash_of(page: Page) -> str:
    found: str = page.evaluate("location.hash")
    return found


def fill_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Register", exact=True).click()


def test_an_invitation_lets_somebody_register_without_e_mail(visit: Visit, beside: Flask) -> None:
    _, token = operator(beside).issue_registration(1, 1)
    visitor, username = visit(), new_name()
    page = visitor.open(f"/#register={token}")
    page.get_by_role("heading", name="Create an account").wait_for()
    assert hash_of(page) == "" and token not in page.url
    expect(page.get_by_text("You are invited to register here.")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_text("你受邀在此注册")).to_be_visible()
    page.get_by_role("button", name="English").click()
    fill_in(page, username, new_password())
    visitor.is_in()
    assert page.evaluate("Object.keys(sessionStorage)") == []
    late = visit()
    page = late.open(f"/#register={token}")
    fill_in(page, new_name(), new_password())
    expect(page.get_by_role("alert")).to_have_text(
        "This link is not valid, has expired or was used already."
    )


@pytest.mark.parametrize(
    ("mode", "english", "chinese"),
    [
        ("invitation", "Only people with an invitation can register", "注册需要邀请链接"),
        ("closed", "registration is closed", "此服务器未开放注册"),
    ],
)
def test_where_there_is_no_form_the_page_says_why(
    visit: Visit, serve: Callable[..., Server], mode: str, english: str, chinese: str
) -> None:
    server = serve(REGISTRATION=mode)
    for locale, sentence in (("en-US", english), ("zh-CN", chinese)):
        visitor = visit(server.url, locale=locale, bypass_csp=True)
        page = visitor.open()
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(page.get_by_role("link", name="Register")).to_have_count(0)
        expect(page.get_by_role("link", name="注册")).to_have_count(0)
        assert axe_faults(page) == []
        page = visitor.open("/#register=AAAAAAAAAAAAAAAAAAAAAA")
        heading = page.locator("h1")
        if mode == "closed":
            expect(heading).to_have_text("Log in" if locale == "en-US" else "登录")
            expect(page.get_by_text(sentence)).to_be_visible()
        else:
            expect(heading).to_have_text("Create an account" if locale == "en-US" else "注册账号")
        assert axe_faults(page) == [] and visitor.complaints == []


def test_registering_has_an_address_and_leads_to_where_one_was_going(
    visit: Visit, people: People, server: Server
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Walkers")
    visitor = visit()
    page = visitor.open(f"/r/{group['number']}")
    register_link = page.get_by_role("link", name="Register")
    register_link.click()
    heading = page.locator("h1")
    expect(heading).to_have_text("Create an account")
    assert page.url == f"{server.url}/register"
    page.go_back()
    expect(heading).to_have_text("Log in")
    page.get_by_role("link", name="Forgot your password?").click()
    expect(heading).to_have_text("Set a new password")
    assert page.url == f"{server.url}/reset"
    page.reload()
    expect(heading).to_have_text("Set a new password")
    page.get_by_role("link", name="Back to log in").click()
    register(visitor, server)
    expect(page.get_by_role("button", name="Join group")).to_be_visible()
    assert page.url == f"{server.url}/r/{group['number']}"
    visitor.open("/register")  # nothing to do there for one who is in
    visitor.is_in()
    expect(page).to_have_url(f"{server.url}/")


def test_another_language_keeps_what_is_typed_and_the_code_that_was_sent(visit: Visit) -> None:
    visitor = visit()
    visitor.page.clock.install()
    page = visitor.open("/register")
    page.get_by_label("E-mail").fill("ann@example.org")
    page.get_by_role("button", name="Send code").click()
    page.get_by_text("The code for ann@example.org is in the terminal").wait_for()
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill("long enough")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="中文")).to_be_focused()
    expect(page.get_by_label("邮箱")).to_have_value("ann@example.org")
    expect(page.get_by_label("用户名")).to_have_value("ann")
    expect(page.get_by_label("密码")).to_have_value("long enough")
    expect(page.get_by_text("ann@example.org 的验证码已打印")).to_be_visible()
    again = page.get_by_role("button", name="秒后重发")
    expect(again).to_be_disabled()
    shown = again.inner_text()
    page.clock.fast_forward(10_000)
    expect(again).not_to_have_text(shown)
    page.clock.fast_forward(60_000)
    expect(page.get_by_role("button", name="重新发送")).to_be_enabled()
    expect(page).to_have_title("聊天室")


def test_what_is_empty_is_asked_for_and_a_password_can_be_looked_at(visit: Visit) -> None:
    page = visit().open()
    page.get_by_role("button", name="Log in").click()
    for label in ("Username or e-mail", "Password"):
        expect(page.get_by_label(label)).to_have_accessible_description("Please fill this in.")
    expect(page.get_by_label("Username or e-mail")).to_be_focused()
    page.get_by_label("Password").fill("secret")
    expect(page.get_by_label("Password")).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show what is typed").click()
    expect(page.get_by_label("Password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Show what is typed").click()
    expect(page.get_by_label("Password")).to_have_attribute("type", "password")


def test_the_form_says_which_addresses_may_register(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    server = serve(REGISTRATION_DOMAINS="school.test, 例え.jp")
    visitor = visit(server.url)
    page = visitor.open()
    page.get_by_role("link", name="Register").click()
    email = page.get_by_label("E-mail")
    expect(email).to_have_accessible_description("Only addresses at school.test, 例え.jp.")
    email.fill("ann@example.org")
    page.get_by_role("button", name="Send code").click()
    expect(email).to_have_accessible_description(
        "Only addresses at school.test, 例え.jp can register here."
    )
    email.fill("ann@例え.jp")
    page.get_by_role("button", name="Send code").click()
    page.get_by_text("is in the terminal").wait_for()


def test_a_link_sets_a_new_password_also_where_somebody_is_logged_in(
    enter: Enter, people: People, beside: Flask
) -> None:
    (ann,) = people("ann")
    visitor, password = enter(ann), new_password()
    page = visitor.page
    _, _, token = operator(beside).issue_reset(ann.username)
    visitor.open(f"/#reset={token}")
    page.get_by_role("heading", name="Set a new password").wait_for()
    assert hash_of(page) == ""
    page.get_by_role("button", name="Back to log in").click()
    visitor.is_in()  # nothing has happened
    visitor.open(f"/#reset={token}")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_label("Password")).to_have_accessible_description(
        "At least 8 characters, please."
    )
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Set password").click()
    page.get_by_text("Your new password is set.").wait_for()
    visitor.log_in(ann.username, password)


def test_whoever_is_disabled_is_told_so_when_they_log_in(
    enter: Enter, people: People, beside: Flask
) -> None:
    (ann,) = people("ann")
    page = enter(ann).page
    operator(beside).disable_user(ann.username)
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_label("Username or e-mail").fill(ann.username)
    page.get_by_label("Password").fill(ann.password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text(
        "This account is disabled: ask whoever runs this server."
    )
