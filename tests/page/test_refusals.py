"""What a browser refuses to the page, storage, and what the page refuses: files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.people import Person
from harness.programs import whole_chromium
from harness.servers import Server
from tests.page.conftest import WAIT_MS, Visitor

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]
Visit = Callable[..., Visitor]

KEEPS_NOTHING = "This browser keeps nothing for this site"
KEEPS_NO_OUTBOX = "This browser keeps no messages for this site"
# As browsers refuse it: the getters throw, locks and channels do when they are asked.
REFUSED = """
const refuse = () => { throw new DOMException("The operation is insecure.", "SecurityError"); };
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
  Object.defineProperty(window, name, { get: refuse });
}
Object.defineProperty(Document.prototype, "cookie", { get: refuse, set: refuse });
navigator.locks.request = () => Promise.reject(new DOMException("No.", "SecurityError"));
window.BroadcastChannel = class { constructor() { refuse(); } };
"""
MISSING = """
for (const name of ["localStorage", "indexedDB"]) {
  Object.defineProperty(window, name, { value: null });
}
Object.defineProperty(navigator, "locks", { value: undefined });
delete window.BroadcastChannel;
"""
NO_OUTBOX = 'Object.defineProperty(window, "indexedDB", { get() { throw new Error("no"); } });'


def use(visitor: Visitor, person: Person, group: dict[str, object]) -> None:
    """Log in, talk, and go on when the access token is renewed."""
    page = visitor.open(f"/r/{group['number']}")
    expect(page.locator(".auth .warning")).to_contain_text(KEEPS_NOTHING)
    visitor.log_in(person.username, person.password)
    expect(page.locator(".banner.warning")).to_contain_text(KEEPS_NOTHING)
    visitor.write("hello")
    expect(page.locator(".state")).to_have_attribute("data-state", "sent")
    page.locator(".composer-input").fill("half a thought")
    page.locator(".me").click()
    page.get_by_role("button", name="中文").click()
    page.go_back()
    expect(page.locator(".banner.warning")).to_contain_text("此浏览器不为本站保存任何数据")
    page.locator(".banner.warning button").click()
    expect(page.locator(".banner.warning")).to_have_count(0)
    expect(page.locator(".composer-input")).to_have_value("half a thought")


@pytest.mark.parametrize("script", [REFUSED, MISSING], ids=["refused", "missing"])
def test_the_page_works_without_storage_as_long_as_its_tab(
    visit: Visit, people: People, script: str
) -> None:
    (ann,) = people("ann")
    visitor = visit()
    visitor.page.add_init_script(script)
    use(visitor, ann, ann.create_group(name="Here"))
    assert visitor.complaints == []


@pytest.fixture
def blocking(browser: Browser, server: Server, tmp_path: Path) -> Iterator[Visitor]:
    """A browser whose settings block cookies and all data of sites."""
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    preferences.write_text(json.dumps(blocked))
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile",
        locale="en-US",
        viewport={"width": 1280, "height": 800},
        timeout=2 * WAIT_MS,
        **whole_chromium(),
    )
    yield Visitor(context, server.url)
    context.close()


def test_the_page_works_where_the_browser_blocks_all_data_of_sites(
    blocking: Visitor, people: People
) -> None:
    (ann,) = people("ann")
    use(blocking, ann, ann.create_group(name="Here"))
    assert blocking.context.cookies() == []
    page = blocking.page
    with page.expect_response("**/api/session/refresh") as renewed:
        page.clock.install()
        page.clock.run_for(15 * 60 * 1000)  # longer than an access token lives
    assert renewed.value.status == 200
    page.reload()
    expect(page.locator(".auth .warning")).to_be_visible()


def test_a_browser_that_keeps_no_outbox_is_told_of(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    visitor = enter(ann)
    page = visitor.page
    expect(page.locator(".banner.warning")).to_have_count(0)
    page.add_init_script(NO_OUTBOX)
    page.reload()
    expect(page.locator(".banner.warning")).to_contain_text(KEEPS_NO_OUTBOX)


# Files


DROP = """(node, kind) => {
  const data = new DataTransfer();
  if (kind !== "text") data.items.add(new File(["x"], "cat.png", {type: "image/png"}));
  if (kind !== "file") data.setData("text/plain", "some text");
  const make = (name) => name === "paste"
    ? new ClipboardEvent(name, {clipboardData: data, bubbles: true, cancelable: true})
    : new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true});
  return (names) => names.map((name) => !node.dispatchEvent(make(name)));
}"""


def offer(page: Page, where: str, kind: str, *events: str) -> list[bool]:
    """Drop or paste something; return which events were prevented from doing what browsers do."""
    page.locator(where).first.wait_for()  # a dialog may still be loading
    script = f"([kind, names, where]) => ({DROP})(document.querySelector(where), kind)(names)"
    found: list[bool] = page.evaluate(script, [kind, list(events), where])
    return found


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-US", "Drop files on an open conversation to send them."),
        ("zh-CN", "请把文件拖到打开的会话里发送。"),
    ],
)
def test_files_that_are_dropped_beside_a_room_never_take_the_place_of_the_page(
    enter: Enter, people: People, language: str, said: str
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Files")
    page = enter(ann, f"/r/{group['number']}", locale=language).page
    toast = page.locator("[role=status] .toast")
    assert offer(page, ".sidebar", "file", "dragover", "drop") == [True, True]
    expect(toast).to_have_text(said)
    page.get_by_role("button", name="New conversation" if language == "en-US" else "新会话").click()
    offer(page, "dialog", "file", "drop")
    expect(page.locator("dialog .toast")).to_have_text(said)


def test_text_is_dropped_and_pasted_as_ever(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Files")
    visitor = enter(ann, f"/r/{group['number']}", permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    assert offer(page, ".composer-input", "text", "dragover", "drop", "paste") == [False] * 3
    assert offer(page, ".composer-input", "both", "paste") == [False]
    # a picture beside its text, as office programs copy it
    page.evaluate("""async () => {
          const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
          canvas.getContext("2d").fillRect(0, 0, 1, 1);
          const picture = await new Promise((resolve) => canvas.toBlob(resolve));
          const text = new Blob(["copied text"], {type: "text/plain"});
          const copied = new ClipboardItem({"image/png": picture, "text/plain": text});
          await navigator.clipboard.write([copied]);
        }""")
    page.locator(".composer-input").press("Control+v")
    expect(page.locator(".composer-input")).to_have_value("copied text")
    expect(page.locator(".toast")).to_have_count(0)


def test_a_file_dropped_on_the_way_in_does_not_take_its_place(visit: Visit) -> None:
    page = visit().open()
    page.get_by_label("Password").fill("half a pass")
    assert offer(page, ".auth", "file", "dragover", "drop") == [True, True]
    expect(page.get_by_label("Password")).to_have_value("half a pass")
