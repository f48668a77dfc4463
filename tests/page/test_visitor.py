"""Getting in and out, languages, phones, and what assistive technology is told."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from harness.accounts import new_password
from harness.people import Person
from harness.servers import Server
from tests.page.conftest import Visitor, register
from tests.page.hands import log_out

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]
Visit = Callable[..., Visitor]


def test_wrong_input_is_shown_at_its_field(visit: Visit, server: Server) -> None:
    visitor = visit()
    page = visitor.open()
    page.get_by_role("link", name="Register").click()
    page.get_by_label("E-mail").fill("nonsense")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("E-mail")).to_have_accessible_description(
        "Not a valid e-mail address."
    )
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.get_by_label("E-mail").fill("someone@example.org")
    page.get_by_label("Code").fill("123456")
    page.get_by_label("Username").fill("a b")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Register", exact=True).click()
    for label, text in (("Username", "3–20 characters"), ("Password", "At least 8")):
        wrong = page.get_by_label(label)
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".field", has=wrong).locator(".field-error")).to_contain_text(text)


def test_the_register_form_says_where_the_code_is(visit: Visit) -> None:
    page = visit().open()
    page.get_by_role("link", name="Register").click()
    expect(page.get_by_label("Code")).to_have_accessible_description(
        "6 digits. No mail server is set up here: the e-mail is printed in the terminal this "
        "server runs in."
    )


def test_a_wrong_password_is_said_and_nothing_else(visit: Visit, people: People) -> None:
    (ann,) = people("ann")
    visitor = visit()
    page = visitor.open()
    page.get_by_label("Username or e-mail").fill(ann.username)
    page.get_by_label("Password").fill(new_password())
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Wrong username or password.")


def test_a_forgotten_password_is_set_anew(visit: Visit, server: Server) -> None:
    visitor = visit()
    visitor.open()
    username = register(visitor, server)
    log_out(visitor)
    page, password = visitor.page, new_password()
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(f"{username}@example.org")
    page.get_by_role("button", name="Send code").click()
    page.get_by_text("is in the terminal").wait_for()
    page.get_by_label("Code").fill(server.next_code(f"{username}@example.org"))
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Set password").click()
    page.get_by_text("Your new password is set.").wait_for()
    visitor.log_in(username, password)


def test_logging_out_leaves_nothing_behind(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Private")
    visitor = enter(ann, f"/r/{group['number']}")
    other_tab = visitor.new_tab()
    other_tab.goto(visitor.url + "/")
    other_tab.locator(".room").wait_for()
    visitor.page.locator(".composer-input").fill("a draft")
    visitor.page.wait_for_function(
        "() => Object.keys(localStorage).some((k) => k.includes('draft'))"
    )
    log_out(visitor)
    expect(other_tab.get_by_role("heading", name="Log in")).to_be_visible()
    assert visitor.page.evaluate("() => Object.keys(localStorage)") == []
    visitor.page.reload()
    expect(visitor.page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_draft_survives_a_reload(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Drafts")
    visitor = enter(ann, f"/r/{group['number']}")
    visitor.page.locator(".composer-input").fill("half a thought")
    visitor.page.reload()
    expect(visitor.page.locator(".composer-input")).to_have_value("half a thought")


def test_a_session_ended_on_another_device_ends_the_page(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    first, second = enter(ann), enter(ann)
    token = second.page.evaluate("""async () => {
          const key = localStorage.getItem("chat.session_key");
          const headers = {"X-Session": "cookie", "X-Session-Key": key};
          const answer = await fetch("/api/session/refresh", {method: "POST", headers});
          return (await answer.json()).data.access_token;
        }""")
    second.page.evaluate(
        """async (token) => {
          const headers = {Authorization: `Bearer ${token}`};
          const sessions = await (await fetch("/api/session", {headers})).json();
          for (const {id, current} of sessions.data)
            if (!current) await fetch(`/api/session/${id}`, {method: "DELETE", headers});
        }""",
        token,
    )
    expect(first.page.get_by_text("Your session has ended.")).to_be_visible()
    first.log_in(ann.username, ann.password)


def test_the_language_can_be_switched_and_stays(enter: Enter, visit: Visit, people: People) -> None:
    ann, bob = people("ann", "bob")
    visitor = visit(locale="zh-CN")
    page = visitor.open()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    visitor.log_in(ann.username, ann.password)
    page.locator(".me").click()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="我的账号")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.reload()
    expect(page.get_by_role("heading", name="聊天室")).to_be_visible()

    # The choice belongs to the account: it is there on another device, in errors, too
    elsewhere = enter(ann)
    expect(elsewhere.page.get_by_role("heading", name="聊天室")).to_be_visible()
    elsewhere.page.get_by_role("button", name="创建群聊").click()
    elsewhere.page.locator("dialog button[type=submit]").click()
    expect(elsewhere.page.locator(".field-error").first).to_have_text("请填写此项。")


def test_a_phone_shows_one_pane_at_a_time(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Pocket")
    ann.say(group, "https://example.org/" + "long" * 100)
    visitor = enter(bob, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = visitor.page
    expect(page.locator(".main")).to_be_hidden()
    page.locator(".room").tap()
    expect(page.locator(".sidebar")).to_be_hidden()
    visitor.sees("long")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    # On a touch keyboard Enter breaks the line
    page.locator(".composer-input").fill("one")
    page.locator(".composer-input").press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.get_by_role("button", name="Send").tap()
    expect(page.locator(".mine .bubble")).to_have_text("one\ntwo")
    page.get_by_role("button", name="Back").tap()
    expect(page.locator(".sidebar")).to_be_visible()
    page.go_back()
    expect(page.locator(".sidebar")).to_be_hidden()


def test_everything_can_be_done_with_the_keyboard(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Keys")
    ann.say(group, "hello")
    page = enter(bob).page
    page.locator(".room").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".composer-input")).to_be_focused()
    page.keyboard.type("typed")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("below")
    page.keyboard.press("Enter")
    expect(page.locator(".mine .bubble")).to_have_text("typed\nbelow")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Attach files")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".message").last).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".message").first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Group and members")).to_be_focused()


def test_arriving_messages_are_read_out_and_history_is_not(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Voices")
    ann.say(group, "from before")
    anns, bobs = (enter(one, f"/r/{group['number']}") for one in (ann, bob))
    bobs.sees("from before")
    log = bobs.page.get_by_role("log")
    anns.write("just now")
    expect(log).to_have_text(f"{ann.username}: just now")
