// Finding somebody to write to: people one knows at once, all others by the server.

import { fill, h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { nameOf } from "../store.js";
import { fold, withoutAt } from "../text.js";
import { field } from "./form.js";
import { personButton } from "./person_line.js";

const SEARCH_MS = 200;
const KNOWN = 8; // people shown before anything is typed, or found among those one knows

/** Those whom one knows from rooms, with `query` in a name; those one talks to alone come first. */
export function knownPeople(store, query) {
  const wanted = fold(query);
  const peers = store.roomList().map(({ peer }) => peer?.id).filter(Boolean);
  const ids = new Set([...peers, ...store.users.keys()]);
  const matches = (user) => fold(nameOf(user)).includes(wanted) || fold(user.username).includes(wanted);
  return [...ids]
    .map((id) => store.users.get(id))
    .filter((user) => user?.username && user.id !== store.me.id && !store.gone.has(user.id) && matches(user));
}

/** Make the search; `done()` once somebody was chosen. Returns `{root, focus}`. */
export function createPersonSearch({ actions, store }, done) {
  const search = field({
    name: "q",
    label: t("new.find_label"),
    hint: t("new.find_hint"),
    type: "search",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const say = h("p", { class: "muted quiet", role: "status" });
  const list = h("ul", { class: "people", role: "list", "aria-label": t("new.people") });
  const root = h("form", { class: "form", role: "search" }, search.root, say, list);
  let timer = null;
  let asked = null;

  function show(users) {
    fill(list, users.map(line));
  }

  function line(user) {
    const choose = () => {
      done();
      actions.openDirect(user);
    };
    return h("li", {}, personButton(user, choose));
  }

  async function find() {
    const query = withoutAt(search.input.value);
    if (query === asked) return;
    asked = query;
    const known = knownPeople(store, query).slice(0, KNOWN);
    show(known);
    fill(say);
    if (!query) return;
    try {
      const found = await actions.findUsers(query);
      if (query !== asked) return; // typed on meanwhile
      const others = found.filter(({ id }) => id !== store.me.id && !known.some((one) => one.id === id));
      fill(say, known.length + others.length ? "" : t("new.nobody"));
      if (others.length) show([...known, ...others]);
    } catch (error) {
      if (query !== asked) return;
      asked = null;
      fill(say, errorText(error));
    }
  }

  search.input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, SEARCH_MS);
  });
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    await find();
    list.querySelector("button")?.focus();
  });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || isComposing(event)) return;
    const places = [search.input, ...list.querySelectorAll("button")];
    const next = places[places.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  find();
  return { root, focus: () => search.input.focus() };
}
