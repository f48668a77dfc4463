// The list of people that opens above the composer while one types a mention.

import { h, keyed, setAttr, setText } from "../dom.js";
import { t } from "../i18n.js";
import { mentionAt } from "../mentions.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";

/**
 * Make the list for a text field. `find(query)` returns what may be meant, `[{user} or {all}]`;
 * `put(start, end, text)` replaces a part of the text. Returns `{root, status, refresh, onKey}`.
 */
export function createSuggestions({ input, find, put }) {
  // Tab chooses, so nobody comes to stand in it; where it scrolls, browsers would stop there anyway.
  const root = h("ul", {
    class: "suggestions",
    role: "listbox",
    id: "suggestions",
    tabindex: "0",
    "aria-label": t("mention.label"),
    hidden: true,
  });
  const status = h("p", { class: "visually-hidden", role: "status" });
  let mention = null;
  let found = [];
  let chosen = 0;
  let refused = null; // where the mention begins whose list was closed

  const keyOf = ({ user, all }) => (user ? `user-${user.id}` : `all-${all}`);

  function refresh() {
    const caret = input.selectionStart === input.selectionEnd ? input.selectionStart : null;
    mention = document.activeElement === input && caret !== null ? mentionAt(input.value, caret) : null;
    if (mention?.start !== refused) refused = null;
    found = mention && refused === null ? find(mention.query) : [];
    chosen = 0;
    draw();
  }

  function close() {
    found = [];
    draw();
  }

  function draw() {
    root.hidden = !found.length;
    keyed(root, found, keyOf, createOption, (node, one) => {
      setAttr(node, "aria-selected", String(one === found[chosen]));
    });
    setText(status, found.length ? t("mention.found", { count: found.length }) : "");
    setAttr(input, "aria-activedescendant", found.length ? `suggestion-${keyOf(found[chosen])}` : null);
    setAttr(input, "aria-controls", found.length ? root.id : null);
    root.children[chosen]?.scrollIntoView?.({ block: "nearest" });
  }

  function createOption(one) {
    const { user, all } = one;
    const node = h(
      "li",
      { class: "suggestion", role: "option", id: `suggestion-${keyOf(one)}` },
      user ? avatar(user, nameOf(user)) : h("span", { class: "avatar avatar-all", "aria-hidden": "true" }, "@"),
      h("bdi", { class: "suggestion-name" }, user ? nameOf(user) : t("mention.all")),
      h("bdi", { class: "suggestion-username muted" }, `@${user ? user.username : all}`),
    );
    node.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    node.addEventListener("click", () => choose(found.findIndex((other) => keyOf(other) === keyOf(one))));
    return node;
  }

  function choose(index) {
    const one = found[index];
    if (!one) return;
    const end = input.selectionEnd;
    const { start } = mention;
    close();
    const space = /^\s/u.test(input.value.slice(end)) ? "" : " ";
    put(start, end, `@${one.user ? one.user.username : one.all}${space}`);
  }

  input.addEventListener("blur", close);
  input.addEventListener("click", refresh);
  input.addEventListener("keyup", ({ key }) => /^(Arrow(Left|Right)|Home|End)$/.test(key) && refresh());

  return {
    root,
    status,
    refresh,
    /** Take a key press that is meant for the list; returns whether it was. */
    onKey(event) {
      if (!found.length || event.isComposing || event.keyCode === 229) return false;
      const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
      if (ctrlKey || altKey || metaKey) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[key];
      if (step) {
        chosen = (chosen + step + found.length) % found.length;
        draw();
      } else if ((key === "Enter" || key === "Tab") && !shiftKey) choose(chosen);
      else if (key === "Escape") {
        refused = mention.start;
        close();
      } else return false;
      event.preventDefault();
      return true;
    },
  };
}
