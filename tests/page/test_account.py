"""Guarding an account and ending it: password, sessions, deletion."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from harness.accounts import new_password
from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.hands import open_account, open_part

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]
Visit = Callable[..., Visitor]

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def test_a_changed_password_ends_every_session_and_is_good_from_then_on(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    first, second = enter(ann), enter(ann)
    page, password = first.page, new_password()
    part = open_account(page, "Change password")
    part.get_by_label("Current password").fill(new_password())
    part.get_by_label("New password").fill(password)
    part.get_by_role("button", name="Change password").click()
    expect(part.get_by_label("Current password")).to_have_accessible_description(
        "The password is wrong."
    )
    part.get_by_label("Current password").fill(ann.password)
    part.get_by_label("New password").fill("short")
    part.get_by_role("button", name="Change password").click()
    expect(part.get_by_label("New password")).to_have_accessible_description(
        "At least 8 characters, please."
    )
    part.get_by_label("New password").fill(password)
    part.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed and every device is logged")).to_be_visible()
    expect(second.page.get_by_text("Your session has ended.")).to_be_visible()
    first.log_in(ann.username, password)


def test_other_devices_are_logged_out_one_by_one(
    enter: Enter, visit: Visit, people: People
) -> None:
    (ann,) = people("ann")  # who was logged in once already, by no browser
    here, laptop, phone = enter(ann), enter(ann), visit(user_agent=PHONE)
    phone.open()
    phone.log_in(ann.username, ann.password)
    page = here.page
    open_account(page, "Where you are logged in")
    devices = page.locator(".session")
    expect(devices).to_have_count(4)
    expect(devices.first).to_contain_text("This device")
    expect(devices.first.get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name="Log out: Safari · iOS").click()
    expect(page.get_by_text("Logged out: Safari · iOS")).to_be_visible()
    expect(devices).to_have_count(3)
    expect(phone.page.get_by_text("Your session has ended.")).to_be_visible()
    expect(laptop.page.locator(".shell")).to_be_visible()


def test_a_deleted_account_leaves_its_messages_and_nothing_in_the_browser(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = bob.create_group(ann, name="Together")
    ann.say(group, "from ann")
    ann.say(ann.talk_to(bob), "only for bob")
    anns, bobs = enter(ann, f"/r/{group['number']}"), enter(bob, f"/d/{ann.username}")
    bobs.sees("only for bob")
    page = anns.page
    page.locator(".composer-input").fill("a draft")

    part = open_account(page, "Delete account")
    part.get_by_label("Password").fill(new_password())
    part.get_by_role("button", name="Delete account for good").click()
    expect(part.get_by_label("Password")).to_have_accessible_description("The password is wrong.")
    expect(bobs.page.locator(".composer")).to_be_visible()
    part.get_by_label("Password").fill(ann.password)
    part.get_by_role("button", name="Delete account for good").click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    assert page.evaluate("() => [location.pathname, Object.keys(localStorage)]") == ["/", []]
    assert [one["name"] for one in anns.context.cookies() if one["name"] == "chat_refresh"] == []

    expect(bobs.page.locator(".room-head h2")).to_have_text("Deleted account")
    expect(bobs.page.locator(".composer")).to_be_hidden()
    expect(bobs.page.get_by_text("This account was deleted. You can still read")).to_be_visible()
    bobs.open("/")
    bobs.open_room("Together")
    bobs.sees("from ann")
    expect(bobs.page.locator(".message .author")).to_have_text("Deleted account")
    assert bobs.complaints == []

    page.get_by_label("Username or e-mail").fill(ann.username)
    page.get_by_label("Password").fill(ann.password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Wrong username or password.")


def test_in_chinese_too(enter: Enter, people: People, visit: Visit) -> None:
    (ann,) = people("ann")
    visitor = visit(locale="zh-CN")
    page = visitor.open()
    page.get_by_label("用户名或邮箱").fill(ann.username)
    page.get_by_label("密码").fill(ann.password)
    page.get_by_role("button", name="登录", exact=True).click()
    open_account(page, "登录的设备")
    expect(page.locator(".session").first).to_contain_text("本机")
    part = open_part(page, "注销账号")
    part.get_by_label("密码").fill(new_password())
    page.get_by_role("button", name="永久注销账号").click()
    expect(part.get_by_label("密码")).to_have_accessible_description("密码错误。")
    part = open_part(page, "修改密码")
    part.get_by_label("当前密码").fill(ann.password)
    part.get_by_label("新密码").fill(new_password())
    part.get_by_role("button", name="修改密码").click()
    expect(page.get_by_text("密码已修改，所有设备均已退出")).to_be_visible()
