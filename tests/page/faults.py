"""Faults of a page in a browser: of its layout, and those that axe finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

PHONES = ((320, 568), (360, 640), (390, 844))
SCREENS = ((768, 1024), (1440, 900), (2560, 1440))
SIZES = PHONES + SCREENS
AXE = next((Path(__file__).parent / "vendor").glob("axe.min-*.js"))
# All of WCAG 2.2 A and AA, and the best practices; `target-size` has to be asked for.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
# Between light and dark nothing else changes.
COLOUR_RULES = {"runOnly": ["color-contrast", "link-in-text-block"]}
# Why axe cannot tell a contrast: nothing but a symbol, or an emoji, which has colours of its own.
KNOWN_UNSURE = ["shortTextContent", "nonBmp"]
AXE_RUN = """async ([options, known]) => {
  // What lies behind a modal dialog is inert, and seen in other views; axe knows no top layer.
  const dialog = [...document.querySelectorAll("dialog[open]")].pop();
  const behind = dialog ? [...document.body.children].filter((one) => one !== dialog) : [];
  for (const one of behind) one.style.visibility = "hidden";
  const settings = {...options, resultTypes: ["violations", "incomplete"], elementRef: true};
  const {violations, incomplete} = await axe.run(dialog ?? document, settings);
  const reasonOf = (node) =>
    [...node.any, ...node.all, ...node.none].map(({data}) => data?.messageKey ?? "").join();
  const isCovered = (node) => {
    const {left, right, top, bottom} = node.getBoundingClientRect();
    const points = [left + 1, (left + right) / 2, right - 1].flatMap((x) =>
      [top + 1, bottom - 1].map((y) => document.elementFromPoint(x, y)));
    return points.some((found) => found !== node && !node.contains(found));
  };
  const isUnsure = (node) => !known.includes(reasonOf(node));
  const beginning = ({html}) => html.slice(0, 200);
  // Tab reaches the code in a row from the row: axe knows no such order.
  const isReached = (id, {element}) =>
    id === "scrollable-region-focusable" && element.matches(".message .code-text");
  const found = violations
    .map(({id, nodes}) => [id, nodes.filter((node) => !isReached(id, node))])
    .filter(([, nodes]) => nodes.length > 0)
    .map(([id, nodes]) => [id, ...nodes.map(beginning)]);
  for (const {id, nodes} of incomplete) {
    if (id !== "color-contrast") continue;
    for (const {element} of nodes.filter(isUnsure)) {
      element.scrollIntoView({block: "center"}); // it may have been half out of sight
      // What scrolls below a head that stays is not behind its words.
      element.closest(".dialog-head")?.closest("dialog")?.scrollTo(0, 0);
      const again = await axe.run(element, {...settings, runOnly: [id]});
      for (const one of again.violations) found.push([id, ...one.nodes.map(beginning)]);
      if (isCovered(element)) continue; // by a menu, for instance
      for (const node of again.incomplete.flatMap((one) => one.nodes).filter(isUnsure)) {
        found.push([`unsure of ${id}: ${reasonOf(node)}`, beginning(node)]);
      }
    }
  }
  for (const one of behind) one.style.visibility = "";
  return found;
}"""
# Faults of the layout, in the dialog on top if there is one, in usual and large text.
LAYOUT_FAULTS = """async () => {
  const root = document.documentElement;
  const found = new Set();
  const ellipsis = (style) => style.overflowX !== "visible" && style.textOverflow === "ellipsis";
  function look(report) {
    if (root.scrollWidth > innerWidth) report(`page ${root.scrollWidth} px wide`);
    if (root.scrollHeight > innerHeight) report(`page ${root.scrollHeight} px high`);
    const fine = new Map();

    // An ellipsis says that there is more; what is clipped is there for screen readers.
    function isFine(node) {
      if (!node) return false;
      if (!fine.has(node)) {
        const style = getComputedStyle(node);
        const clipped = style.clipPath.startsWith("inset(");
        fine.set(node, clipped || ellipsis(style) || isFine(node.parentElement));
      }
      return fine.get(node);
    }
    const dialog = [...document.querySelectorAll("dialog[open]")].pop();
    for (const node of (dialog ?? document.body).querySelectorAll("*")) {
      // Long lines of code scroll inside.
      if (!node.checkVisibility() || node.closest("svg, .code-text")) continue;
      if (isFine(node)) continue;
      const style = getComputedStyle(node);
      const {left, right, bottom, width} = node.getBoundingClientRect();
      if (!width) continue;
      const name = `${node.tagName} ${node.getAttribute("class")}`;
      if (left < -1 || right > innerWidth + 1) report(`${name} from ${left} to ${right}`);
      if (!dialog && node.matches(".send") && (right > innerWidth || bottom > innerHeight)) {
        report(`Send ends at ${right}, ${bottom}`);
      }
      // A line of input scrolls; boxes may have children in their own margins.
      if (node.tagName === "INPUT" || style.display === "inline") continue;
      if (style.overflowX === "visible" && node.children.length) continue;
      if (node.scrollWidth > node.clientWidth + 1) report(`${name} is cut`);
    }
  }
  for (const size of ["", "200%"]) {
    root.style.fontSize = size;
    await new Promise(requestAnimationFrame);
    look((fault) => found.add(`${innerWidth} ${size}: ${fault}`));
  }
  root.style.fontSize = "";
  return [...found];
}"""


def layout_faults(page: Page, sizes: Sequence[tuple[int, int]] = SIZES) -> list[str]:
    """Return what is cut or scrolls sideways, at every size, in usual and in large text."""
    found: list[str] = []
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        found += page.evaluate(LAYOUT_FAULTS)
    return found


def axe_faults(page: Page) -> list[list[str]]:
    """Return what axe finds in light and in dark colours: colours, rule, and nodes.

    A contrast that axe cannot tell counts too, unless it is known why or something lies over it.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = []
    for scheme, options in (("light", RULES), ("dark", COLOUR_RULES)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        result: list[list[str]] = page.evaluate(AXE_RUN, [options, KNOWN_UNSURE])
        found += [[scheme, *one] for one in result]
    return found
