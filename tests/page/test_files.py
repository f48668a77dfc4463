"""Files and pictures: chosen, on their way, shown, looked at, gone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from harness.people import Person
from harness.tour import PHONE
from tests.page.conftest import Visitor
from tests.page.hands import go_offline, open_sheet, row_of
from tests.page.line import kept

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

UPLOADS = "**/api/rooms/*/files?*"
# What a browser gives a page whose user drops or pastes files.
GIVE = """(node, [name, type, bytes, events]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, {type}));
  for (const one of events) {
    node.dispatchEvent(one === "paste"
      ? new ClipboardEvent(one, {clipboardData: data, bubbles: true, cancelable: true})
      : new DragEvent(one, {dataTransfer: data, bubbles: true, cancelable: true}));
  }
}"""


def picture(width: int, height: int, colour: str = "teal") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, "PNG")
    return made.getvalue()


def photo(name: str = "garden.png", width: int = 600, height: int = 400) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": picture(width, height)}


def notes(name: str = "notes.txt", content: bytes = b"some notes") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def choose(visitor: Visitor, *files: FilePayload) -> Locator:
    """Choose files for the open room; return the tray."""
    before = visitor.page.locator(".tray-file").count()
    visitor.page.locator(".attach input").set_input_files(list(files))
    expect(visitor.page.locator(".tray-file")).to_have_count(before + len(files))
    return visitor.page.locator(".tray")


def send(visitor: Visitor, *files: FilePayload, text: str = "") -> None:
    choose(visitor, *files)
    visitor.page.locator(".composer-input").fill(text)
    visitor.page.locator(".composer-input").press("Enter")


def shown(visitor: Visitor) -> Locator:
    """Return the pictures in the open room that can be seen."""
    return visitor.page.locator(".transcript .picture[data-state=shown] img")


class Gate:
    """Lets uploads of a page wait, until they may go on or are answered here."""

    def __init__(self, page: Page) -> None:
        self._held: list[Route] = []
        self._act: Callable[[Route], None] = self._held.append
        page.route(UPLOADS, lambda route: self._act(route))

    def open(self) -> None:
        """Let all of them reach the server."""
        self._set(lambda route: route.continue_())

    def refuse(self, status: int, **error: object) -> None:
        """Answer all of them with an error."""
        self._set(lambda route: route.fulfill(status=status, json={"error": error}))

    def _set(self, act: Callable[[Route], None]) -> None:
        self._act = act
        for route in self._held:
            act(route)
        self._held.clear()


def two_in_a_group(enter: Enter, people: People) -> tuple[Visitor, Visitor, Person, dict[str, Any]]:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Pictures")
    path = f"/r/{group['number']}"
    return enter(ann, path), enter(bob, path), ann, group


def test_what_is_chosen_pasted_and_dropped_goes_out_in_one_message(
    enter: Enter, people: People
) -> None:
    anns, bobs, _, _ = two_in_a_group(enter, people)
    page = anns.page
    tray = choose(anns, notes(), photo("unwanted.png"))
    pasted = ["pasted.png", "image/png", list(picture(300, 500)), ["paste"]]
    page.locator(".composer-input").evaluate(GIVE, pasted)
    dropped = ["dropped.png", "image/png", list(picture(500, 300)), ["dragenter", "dragover"]]
    page.locator(".transcript").evaluate(GIVE, dropped)
    expect(page.locator(".drop-zone")).to_have_text("Drop files here to send them to Pictures")
    page.locator(".transcript").evaluate(GIVE, [*dropped[:3], ["drop"]])
    expect(page.locator(".drop-zone")).to_be_hidden()
    tray.get_by_role("button", name="Remove unwanted.png").click()
    expect(tray.locator(".tray-file")).to_have_count(3)
    page.locator(".composer-input").fill("three of them")
    page.locator(".composer-input").press("Enter")
    expect(tray).to_be_hidden()
    row = row_of(bobs, "three of them")
    expect(row.locator(".picture[data-state=shown] img")).to_have_count(2)
    assert [one.get_attribute("alt") for one in row.locator("img").all()] == [
        "pasted.png",
        "dropped.png",
    ]
    with bobs.page.expect_download() as download:
        row.get_by_role("button", name="Download notes.txt 10 B").click()
    assert download.value.suggested_filename == "notes.txt"
    assert Path(download.value.path()).read_bytes() == b"some notes"
    assert anns.complaints == bobs.complaints == []


def test_what_cannot_be_sent_is_said_before_it_is_uploaded(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Too much")
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    page.locator(".attach input").evaluate("""input => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(26 * 2 ** 20)], "film.mp4"));
          data.items.add(new File([], "nothing.txt"));
          for (let at = 1; at <= 11; at += 1) data.items.add(new File(["x"], `${at}.txt`));
          input.files = data.files;
          input.dispatchEvent(new Event("change"));
        }""")
    expect(page.locator(".tray-file")).to_have_count(10)
    problems = page.locator(".tray-problem p")
    expect(problems).to_have_text(
        [
            "“film.mp4” is too large: at most 25 MB for each file.",
            "“nothing.txt” is empty.",
            "At most 10 files in one message: the rest was left out.",
        ]
    )


def test_the_row_keeps_its_height_and_its_picture_while_it_is_sent(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="On the way")
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    gate = Gate(page)
    send(visitor, photo(), photo("b.png"), notes(), text="on its way")
    row = row_of(visitor, "on its way")
    expect(row.locator(".upload-ring")).to_have_count(3)
    expect(shown(visitor)).to_have_count(2)
    visitor.write("a text goes first")
    expect(row_of(visitor, "a text goes first").locator(".state")).to_have_text("Sent")
    before = row.locator(".files").bounding_box()
    row.evaluate("node => { window.images = [...node.querySelectorAll('img')]; }")
    gate.open()
    expect(row.locator(".upload-ring")).to_have_count(0)
    expect(row).to_have_attribute("data-seq", "2")
    after = row.locator(".files").bounding_box()
    assert before and after and before["height"] == after["height"]
    assert page.evaluate("() => window.images.every((one) => one.isConnected)")
    assert visitor.complaints == []


def test_an_upload_is_cancelled_and_one_that_was_refused_is_tried_again(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Trouble")
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    gate = Gate(page)
    send(visitor, photo("a.png"), photo("b.png"), text="one is left")
    row = row_of(visitor, "one is left")
    row.get_by_role("button", name="Cancel a.png").click()
    expect(row.locator(".upload-ring")).to_have_count(1)
    gate.refuse(429, code="quota_exceeded", message="Full.", retry_after=86_400)
    expect(row.locator(".trouble")).to_contain_text("your storage here is full")
    gate.open()
    row.get_by_role("button", name="Try again").click()
    expect(row).to_have_attribute("data-seq", "1")
    expect(row.locator(".picture")).to_have_count(1)


def test_files_that_are_on_their_way_when_the_page_is_closed_are_sent_once(
    enter: Enter, people: People
) -> None:
    anns, bobs, ann, group = two_in_a_group(enter, people)
    page = anns.page
    Gate(page)
    send(anns, photo(), notes(), text="through a reload")
    kept(anns, 1)
    page.close()
    anns.page = anns.new_tab()
    anns.open(f"/r/{group['number']}")
    row = row_of(bobs, "through a reload")
    expect(row.locator(".picture[data-state=shown]")).to_have_count(1)
    expect(row_of(anns, "through a reload")).to_have_attribute("data-seq", "1")
    kept(anns, 0)
    assert [len(one["files"]) for one in ann.history(group)["messages"]] == [2]


def test_what_is_chosen_without_a_connection_is_sent_when_it_is_back(
    enter: Enter, people: People
) -> None:
    anns, bobs, _, _ = two_in_a_group(enter, people)
    go_offline(anns)
    send(anns, photo(), text="later")
    expect(row_of(anns, "later").locator(".trouble")).to_contain_text("when the connection is back")
    anns.context.set_offline(False)
    expect(row_of(bobs, "later").locator(".picture[data-state=shown]")).to_have_count(1)


def test_a_conversation_may_begin_with_a_picture(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    anns = enter(ann, f"/d/{bob.username}")
    bobs = enter(bob)
    send(anns, photo())
    line = bobs.page.locator(".room", has_text=ann.username)
    expect(line.locator(".room-text")).to_have_text("📷 Photo")
    line.click()
    expect(shown(bobs)).to_have_count(1)
    expect(anns.page.locator(".message")).to_have_attribute("data-seq", "1")


def test_the_viewer_goes_through_the_pictures_by_keyboard(enter: Enter, people: People) -> None:
    anns, bobs, ann, _ = two_in_a_group(enter, people)
    for name in ("one.png", "two.png"):
        send(anns, photo(name), text=f"about {name}")
        expect(row_of(bobs, f"about {name}").locator(".picture[data-state=shown]")).to_be_visible()
    page = bobs.page
    first = row_of(bobs, "about one").get_by_role("button", name="Show one.png")
    first.focus()
    page.keyboard.press("Enter")
    viewer = page.locator("dialog.viewer")
    image = viewer.locator(".viewer-picture")
    expect(image).to_have_attribute("alt", "one.png")
    expect(viewer.locator(".viewer-author")).to_have_text(ann.username)
    page.keyboard.press("ArrowRight")
    expect(image).to_have_attribute("alt", "two.png")
    expect(viewer.locator(".viewer-count")).to_have_text("2 / 2")
    page.keyboard.press("+")
    expect(viewer.locator(".viewer-stage.zoomed")).to_be_visible()
    page.keyboard.press("0")
    expect(viewer.locator(".viewer-stage.zoomed")).to_have_count(0)
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.matches('dialog.viewer *, body')")
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(row_of(bobs, "about two").get_by_role("button", name="Show two.png")).to_be_focused()
    page.keyboard.press("Enter")
    page.go_back()
    expect(viewer).to_have_count(0)
    assert "/r/" in page.url and bobs.complaints == []


def test_a_picture_is_looked_at_before_its_preview_has_come(enter: Enter, people: People) -> None:
    anns, bobs, _, _ = two_in_a_group(enter, people)
    bobs.page.route("**/api/files/*/preview", lambda _: None)
    send(anns, photo(), text="a view")
    row_of(bobs, "a view").locator(".thumb-open").click()
    expect(bobs.page.locator("dialog.viewer .viewer-picture")).to_be_visible()


def test_a_deleted_picture_vanishes_also_while_somebody_looks_at_it(
    enter: Enter, people: People
) -> None:
    anns, bobs, ann, group = two_in_a_group(enter, people)
    send(anns, photo(), text="a secret")
    row_of(bobs, "a secret").get_by_role("button", name="Show garden.png").click()
    viewer = bobs.page.locator("dialog.viewer")
    expect(viewer.locator(".viewer-picture")).to_be_visible()
    urls = "() => [...document.querySelectorAll('img[src^=blob]')].map((one) => one.src)"
    before = bobs.page.evaluate(urls)
    ann.change(group, 1, deleted=True)
    expect(viewer.locator(".viewer-note")).to_have_text("Picture removed")
    bobs.page.keyboard.press("Escape")
    expect(bobs.page.locator(".message")).to_contain_text("Message deleted")
    assert bobs.page.evaluate(urls) == []
    fetched = "(urls) => Promise.all(urls.map((one) => fetch(one).then(() => 1, () => 0)))"
    assert before and sum(bobs.page.evaluate(fetched, before)) == 0


def test_a_caption_can_be_emptied_and_a_quote_says_what_it_answers(
    enter: Enter, people: People
) -> None:
    anns, bobs, _, _ = two_in_a_group(enter, people)
    send(anns, photo(), text="a caption")
    row_of(bobs, "a caption").hover()
    bobs.page.get_by_role("button", name="Reply", exact=True).click()
    expect(bobs.page.locator(".composer-mode")).to_contain_text("📷 a caption")
    bobs.write("an answer")
    quote = row_of(anns, "an answer").locator(".quote-text")
    expect(quote).to_have_text("📷 a caption")
    anns.page.locator(".composer-input").press("ArrowUp")
    anns.page.locator(".composer-input").fill("")
    anns.page.get_by_role("button", name="Save").click()
    expect(quote).to_have_text("📷 Photo")
    expect(anns.page.locator(".message .picture")).to_have_count(1)


def test_on_a_phone_pictures_fit_and_fingers_turn_the_pages(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Phone")
    visitor = enter(ann, f"/r/{group['number']}", **PHONE)
    page = visitor.page
    choose(visitor, *(photo(f"{at}.png", 900, 300 * at) for at in range(1, 4)))
    page.get_by_role("button", name="Send", exact=True).tap()
    expect(page.locator(".message")).to_have_attribute("data-seq", "1")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Show 1.png").tap()
    image = page.locator(".viewer-picture")
    expect(image).to_have_attribute("alt", "1.png")
    page.locator(".viewer-stage").evaluate("""(stage) => {
          stage.setPointerCapture = () => {};
          const at = (type, x) => stage.dispatchEvent(new PointerEvent(type,
            {pointerId: 7, pointerType: "touch", clientX: x, clientY: 300, bubbles: true}));
          at("pointerdown", 300);
          at("pointermove", 150);
          at("pointerup", 120);
        }""")
    expect(image).to_have_attribute("alt", "2.png")


def test_people_and_groups_have_pictures_that_others_see(enter: Enter, people: People) -> None:
    anns, bobs, ann, _ = two_in_a_group(enter, people)
    send(anns, notes(), text="hello")
    face = row_of(bobs, "hello").locator(".avatar img")
    expect(row_of(bobs, "hello").locator(".avatar")).to_have_text(ann.username[0].upper())
    anns.page.locator(".me").click()
    choice = anns.page.locator(".picture-choice")
    choice.locator("input").set_input_files([photo("me.png")])
    expect(choice.get_by_role("button", name="Change picture")).to_be_visible()
    expect(face).to_be_visible()
    choice.locator("input").set_input_files([notes("none.png")])
    expect(choice.get_by_role("alert")).not_to_be_empty()
    choice.get_by_role("button", name="Remove").click()
    expect(face).to_have_count(0)
    sheet = open_sheet(anns, "Pictures")
    sheet.locator(".picture-choice input").set_input_files([photo("group.png")])
    expect(bobs.page.locator(".room .room-avatar img")).to_be_visible()
    expect(bobs.page.locator(".room-head .avatar img")).to_be_visible()
    open_sheet(bobs)
    expect(bobs.page.locator(".group-picture .avatar img")).to_be_visible()
    expect(bobs.page.locator(".group-picture .picture-choice")).to_be_hidden()
