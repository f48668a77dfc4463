"""What is written and not yet sent outlives the page, goes out once, and is its writer's alone."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from harness.people import Person
from tests.page.conftest import Visitor, state_of
from tests.page.hands import ask_to_log_out, log_out
from tests.page.line import KEPT, Line, kept

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

BLOCKED = """Object.defineProperty(window, "indexedDB", {
  get() { throw new DOMException("not in this window", "SecurityError"); },
});"""


def waits(visitor: Visitor, text: str) -> None:
    expect(state_of(visitor, text)).to_have_attribute("data-state", "waiting")


def said(person: Person, group: dict[str, object]) -> list[str]:
    return [message["data"] for message in person.history(group)["messages"]]


def test_unsent_messages_survive_a_reload_and_go_out_once_in_order(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Reload")
    visitor = enter(ann, f"/r/{group['number']}")
    line = Line(visitor)
    for text in ("one", "two", "three"):
        visitor.write(text)
        waits(visitor, text)
    kept(visitor, 3)
    visitor.page.reload()
    for text in ("one", "two", "three"):
        waits(visitor, text)
    expect(visitor.page.locator(".composer-input")).to_have_value("")
    line.mend()
    for text in ("one", "two", "three"):
        expect(state_of(visitor, text)).to_have_attribute("data-state", "sent")
    expect(visitor.page.locator(".bubble")).to_have_text(["one", "two", "three"])
    assert said(ann, group) == ["one", "two", "three"]
    kept(visitor, 0)


def test_two_tabs_show_and_send_an_unsent_message_once(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Tabs")
    visitor = enter(ann, f"/r/{group['number']}")
    line = Line(visitor)
    other = visitor.new_tab()
    other.goto(visitor.page.url)
    other.locator(".composer-input").wait_for()
    for text in ("one", "two"):
        visitor.write(text)
    expect(other.locator(".bubble")).to_have_text(["one", "two"])
    line.mend()
    for page in (visitor.page, other):
        expect(page.locator(".state[data-state=sent]")).to_have_count(2)
        expect(page.locator(".bubble")).to_have_text(["one", "two"])
    assert said(ann, group) == ["one", "two"]


def test_another_person_on_the_same_browser_neither_sees_nor_sends_them(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Shared")
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    line = Line(visitor)
    visitor.write("of ann alone")
    waits(visitor, "of ann alone")
    kept(visitor, 1)
    visitor.context.clear_cookies()  # her session is over, and she has not logged out
    page.reload()
    page.get_by_text("Your session has ended.").wait_for()
    line.mend()
    visitor.log_in(bob.username, bob.password)
    visitor.write("of bob")
    expect(state_of(visitor, "of bob")).to_have_attribute("data-state", "sent")
    expect(page.locator(".bubble")).to_have_text(["of bob"])
    log_out(visitor)
    visitor.log_in(ann.username, ann.password)
    visitor.open_room("Shared")
    expect(page.locator(".bubble")).to_have_text(["of bob", "of ann alone"])
    expect(state_of(visitor, "of ann alone")).to_have_attribute("data-state", "sent")


def test_logging_out_asks_first_and_then_forgets_what_is_unsent(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Leaving")
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    Line(visitor)
    visitor.write("unsent")
    waits(visitor, "unsent")
    ask_to_log_out(visitor)
    question = page.get_by_role("dialog", name="Log out")
    expect(question).to_contain_text("One message has not been sent yet and will be lost.")
    question.get_by_role("button", name="Cancel").click()
    page.wait_for_function("() => !history.state.layers")
    page.go_back()
    waits(visitor, "unsent")
    ask_to_log_out(visitor)
    question.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Log in").wait_for()
    assert page.evaluate(KEPT) == 0
    assert said(ann, group) == []


def test_where_the_browser_keeps_nothing_all_works_as_long_as_the_page_is_open(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Private")
    visitor = enter(ann, f"/r/{group['number']}")
    visitor.context.add_init_script(BLOCKED)
    line = Line(visitor)
    visitor.write("unsent")
    waits(visitor, "unsent")
    visitor.write("regretted")
    regretted = visitor.page.locator(".message", has_text="regretted")
    regretted.get_by_role("button", name="Delete").click()
    line.mend()
    expect(state_of(visitor, "unsent")).to_have_attribute("data-state", "sent")
    visitor.write("later")
    expect(state_of(visitor, "later")).to_have_attribute("data-state", "sent")
    assert said(ann, group) == ["unsent", "later"]
