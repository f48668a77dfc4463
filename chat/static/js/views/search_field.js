// The upper part of the search for messages: the field, what its operators can be, and where it looks.

import { fillAnew, h, icon, setAttr } from "../dom.js";
import { BACK, CLOSE, SEARCH } from "../icons.js";
import { t } from "../i18n.js";
import { COMPOSES_ALL, isComposing } from "../keys.js";
import { asksFor, openOperator, toggled, withOperator } from "../search/operators.js";
import { lineNames } from "./person_line.js";
import { createPeopleLookup, faceOf, suggestionsFor } from "./search_suggestions.js";

const OPERATORS = ["from", "after", "before"];
const CONDITIONS = ["file", "link"];
const LONGEST = 200; // characters, as the server takes them

/**
 * Make it for a `search`; `here()` is the room that can be searched beside all rooms, or undefined,
 * `back()` leaves the search, `next()` goes to the first result. Returns `{root, input, focus, redraw}`.
 */
export function createSearchField(app, { search, here, back, next }) {
  let composing = false; // a text such as Chinese, which is not to be touched meanwhile
  const input = h("input", {
    type: "text", // in a search field Escape would empty it before it closes the panel
    class: "search-text",
    dir: "auto",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    enterkeyhint: "search",
    maxlength: String(LONGEST),
    "aria-label": t("search.label"),
    placeholder: t("search.label"),
    oninput: () => composing || search.type(input.value), // half a syllable finds nothing
    oncompositionstart: () => (composing = !COMPOSES_ALL),
    oncompositionend() {
      composing = false;
      search.type(input.value);
    },
  });
  const clear = h(
    "button",
    {
      type: "button",
      class: "search-clear",
      "aria-label": t("search.clear"),
      title: t("search.clear"),
      onclick: () => take(() => search.type("")),
    },
    icon(CLOSE),
  );
  const chips = new Map();
  const people = createPeopleLookup(app, () => drawOffers());
  const tools = h("div", { class: "search-tools", role: "group", "aria-label": t("search.tools") });
  for (const name of OPERATORS) tools.append(chip(`search.${name}`, () => search.type(withOperator(search.query, name))));
  for (const what of CONDITIONS) {
    chips.set(what, chip(`search.${what}`, () => search.type(toggled(search.query, what))));
    tools.append(chips.get(what));
  }
  const scope = h("fieldset", { class: "search-scope segments wide" });
  const offers = h("ul", { class: "search-offers", role: "list", "aria-label": t("search.offers"), hidden: true });
  const root = h(
    "div",
    { class: "search-head" },
    h(
      "div",
      { class: "search-line" },
      h("button", { type: "button", class: "icon-button search-back", "aria-label": t("back"), onclick: back }, icon(BACK)),
      h("div", { class: "search-field" }, icon(SEARCH), input, clear),
    ),
    scope,
    tools,
    offers,
  );

  function chip(key, onclick) {
    return h("button", { type: "button", class: "search-chip", onclick: () => take(onclick) }, t(key));
  }

  /** Change what is typed by a button, and go on typing. */
  function take(change) {
    change();
    redraw();
    focus();
  }

  /** With the caret at the end: what was put there goes on there. */
  function focus() {
    input.focus({ preventScroll: true });
    input.setSelectionRange(input.value.length, input.value.length);
  }

  function drawScope() {
    const room = here();
    scope.hidden = !room;
    const title = room ? app.store.titleOf(room) : "";
    fillAnew(scope, `${room?.id} ${title}`, () => [
      h("legend", { class: "visually-hidden" }, t("search.where")),
      ...[room?.id ?? null, null].map((id) =>
        h(
          "label",
          { class: "segment" },
          h("input", { type: "radio", name: "search-scope", value: id ?? "", onchange: () => search.choose(id) }),
          h("span", {}, id === null ? t("search.everywhere") : h("bdi", {}, title)),
        ),
      ),
    ]);
    for (const one of scope.querySelectorAll("input")) one.checked = one.value === (search.roomId ?? "");
  }

  function drawOffers() {
    const open = openOperator(search.query);
    if (open?.name === "from") people.ask(open.value, search.roomId);
    const found = suggestionsFor(app, search, open, people.found);
    const look = found.map(({ key, title, detail }) => `${key} ${title} ${detail}`).join("\n");
    offers.hidden = !found.length;
    fillAnew(offers, look, () =>
      found.map((one) => {
        const choose = () => take(() => one.apply(search));
        const names = lineNames(one.title, one.detail);
        const props = { type: "button", class: "person search-offer", onclick: choose };
        return h("li", {}, h("button", props, faceOf(one), names));
      }),
    );
  }

  function redraw() {
    if (!composing && input.value !== search.query) input.value = search.query;
    clear.hidden = !search.query;
    for (const [what, button] of chips) setAttr(button, "aria-pressed", String(asksFor(search.query, what)));
    drawScope();
    drawOffers();
  }

  input.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    if (event.key === "Enter") search.submit();
    else if (event.key === "ArrowDown" && offers.hidden) next();
    else if (event.key === "ArrowDown") offers.querySelector("button").focus();
    else return;
    event.preventDefault();
  });
  offers.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || isComposing(event)) return;
    const buttons = [...offers.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement) + step;
    event.preventDefault();
    if (buttons[at]) buttons[at].focus();
    else if (at < 0) focus();
    else next();
  });

  return { root, input, focus, redraw };
}
