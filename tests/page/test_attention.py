"""What calls for attention: notifications, counts, and how to silence a room; and faces."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.hands import open_sheet, pick

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

# Shown as always, and noted for the test. The permission is that of the context: a browser without
# windows grants it when asked and yet reads "denied".
NOTED = """
window.notes = [];
window.Notification = class extends Notification {
  static permission = "granted";
  constructor(title, options) {
    super(title, options);
    notes.push(this);
  }
  close() {
    super.close();
    this.isClosed = true;
  }
};"""
# All that ever stands in the list as a preview.
FIRST_PREVIEWS = """
window.previews = [];
new MutationObserver(() => {
  const text = document.querySelector(".room-preview")?.textContent;
  if (text && text !== previews.at(-1)) previews.push(text);
}).observe(document, {subtree: true, childList: true, characterData: true});"""
NOTES = "() => notes.map(({title, body}) => [title, body])"


def look_away(page: Page, away: bool = True) -> None:
    """Let the page believe that its window is, or is not, in front."""
    page.evaluate("away => (document.hasFocus = () => !away)", away)
    if not away:
        page.evaluate("() => dispatchEvent(new Event('focus'))")


def test_notifications_come_while_nobody_looks_and_go_when_read(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    loud, quiet = (ann.create_group(bob, name=name) for name in ("Loud", "Quiet"))
    visitor = enter(bob, permissions=["notifications"])
    page = visitor.page
    page.add_init_script(NOTED)
    page.reload()
    visitor.is_in()
    page.locator(".me").click()
    switch = page.get_by_role("switch", name="Notifications on this device")
    expect(switch).not_to_be_checked()
    switch.check()
    expect(switch).to_be_checked()

    open_sheet(visitor, "Quiet")
    pick(page, "Nothing")
    expect(page.locator(".room", has_text="Quiet")).to_contain_text("muted")
    page.keyboard.press("Escape")
    visitor.open_room("Loud")

    look_away(page)
    ann.say(quiet, "unheard")
    expect(page.locator(".room", has_text="Quiet").locator(".badge")).to_contain_text("1")
    ann.say(loud, "heard")
    page.wait_for_function("() => notes.length === 1")
    assert page.evaluate(NOTES) == [["Loud", f"{ann.username}: heard"]]
    expect(page).to_have_title(re.compile(r"^\(1\) Loud"))
    look_away(page, False)
    page.wait_for_function("() => notes[0].isClosed")
    expect(page).to_have_title(re.compile("^Loud"))
    assert visitor.complaints == []


def test_people_are_called_by_their_nicknames_from_the_first_moment(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    assert ann.patch("/users/me", json={"nickname": "陈墨"}).status_code == 200
    group = ann.create_group(bob, name="Named")
    ann.say(group, "👍")
    visitor = enter(bob, permissions=["notifications"])
    page = visitor.page
    page.add_init_script(NOTED)
    page.add_init_script(FIRST_PREVIEWS)
    page.evaluate("id => localStorage.setItem(`chat.notify.${id}`, 'on')", bob.id)
    page.reload()
    visitor.is_in()
    expect(page.locator(".room-preview")).to_have_text("陈墨: 👍")
    assert page.evaluate("() => previews") == ["陈墨: 👍"]  # whatever came later
    look_away(page)
    ann.say(group, "here?")
    page.wait_for_function("() => notes.length === 1")
    assert page.evaluate(NOTES) == [["Named", "陈墨: here?"]]


def test_nothing_is_asked_or_shown_before_somebody_wants_it(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Unasked")
    visitor = enter(bob, permissions=["notifications"])
    page = visitor.page
    page.add_init_script(NOTED)
    page.reload()
    visitor.is_in()
    look_away(page)
    ann.say(group, "hello")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    assert page.evaluate(NOTES) == []


def test_a_direct_room_can_be_muted_and_stays_so(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    ann.say(ann.talk_to(bob), "psst")
    visitor = enter(bob)
    page = visitor.page
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    page.locator(".room").click()
    page.get_by_role("button", name="About this conversation").click()
    pick(page, "Nothing")
    expect(page.locator(".room")).to_contain_text("muted")
    page.reload()
    expect(page.locator(".room")).to_contain_text("muted")
    page.get_by_role("button", name="About this conversation").click()
    expect(page.get_by_label("Nothing")).to_be_checked()
    # What is chosen stays so while the answer is on its way, whatever else is drawn
    held: list[Route] = []
    page.route("**/notify", lambda route: held.append(route))
    pick(page, "Everything")
    ann.patch("/users/me", json={"nickname": "Anna"})
    expect(page.locator(".card-name")).to_have_text("Anna")
    expect(page.get_by_label("Everything")).to_be_checked()
    held[0].continue_()
    expect(page.locator(".room")).not_to_contain_text("muted")
    assert bob.rooms()[0]["muted"] is False
