// A field for several people: chips, and suggestions while one types.

import { fill, h, icon, keyed, reveal, setAttr } from "../dom.js";
import { errorText } from "../errors.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { finishedNames, splitNames } from "../names.js";
import { nameOf } from "../store.js";
import { fold, withoutAt } from "../text.js";
import { avatar } from "./avatar.js";
import { personNames } from "./person_line.js";

const SEARCH_MS = 200;
const SHOWN = 6;

let count = 0;

/**
 * Make the field. `excluded(user)` says who is not to be suggested; `aside` is a button beside it.
 * `take()` resolves to the people chosen, also those whose names were only typed; whoever is not found
 * stays behind with a reason. `settle(failed)` says what became of those taken.
 */
export function peopleField({ actions, label, hint, optional = false, aside = null, excluded = () => false }) {
  const id = `people-${++count}`;
  const errorId = `${id}-error`;
  const hintId = `${id}-hint`;
  const chips = h("ul", { class: "chips", role: "list", "aria-label": t("people.chosen") });
  const options = h("ul", { class: "people people-suggestions", role: "listbox", id: `${id}-list`, "aria-label": t("people.suggested"), hidden: true });
  const error = h("p", { class: "field-error", id: errorId, role: "alert" });
  const spoken = h("p", { class: "visually-hidden", role: "status" });
  const input = h("input", {
    id,
    type: "text",
    role: "combobox",
    dir: "auto",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
    "aria-describedby": `${errorId} ${hintId}`,
  });
  const box = h("div", { class: "chips-box" }, chips, input);
  const root = h(
    "div",
    { class: "field people-field" },
    h("label", { for: id }, label, optional && h("span", { class: "muted" }, ` ${t("optional")}`)),
    h("div", { class: "field-line" }, box, aside),
    options,
    error,
    h("p", { class: "hint", id: hintId }, hint),
    spoken,
  );
  let chosen = []; // {key, text, user, problem}
  let found = [];
  let at = -1;
  let asked = "";
  let timer = null;

  function drawChips() {
    keyed(chips, chosen, ({ key }) => key, chip, (node, one) => {
      node.classList.toggle("wrong", Boolean(one.problem));
    });
    chips.hidden = chosen.length === 0;
  }

  function chip(one) {
    const name = one.user ? nameOf(one.user) : one.text;
    return h(
      "li",
      { class: "chip" },
      one.user && avatar(one.user, name),
      h("bdi", { class: "chip-name" }, name),
      h(
        "button",
        {
          type: "button",
          class: "chip-remove",
          "aria-label": t("people.remove", { name }),
          onclick() {
            drop(one);
            input.focus();
          },
        },
        icon(CLOSE),
      ),
    );
  }

  function drop(one) {
    chosen = chosen.filter((other) => other !== one);
    drawChips();
    setError(null);
    fill(spoken, t("people.removed", { name: one.user ? nameOf(one.user) : one.text }));
  }

  function add(text, user = null) {
    const key = fold(user?.username ?? text);
    if (chosen.some((one) => one.key === key)) return;
    chosen.push({ key, text, user, problem: null });
    drawChips();
    fill(spoken, t("people.added", { name: user ? nameOf(user) : text }));
  }

  function choose(user) {
    add(user.username, user);
    input.value = "";
    close();
    input.focus();
  }

  function close() {
    clearTimeout(timer);
    asked = "";
    found = [];
    drawOptions();
  }

  function drawOptions() {
    const open = found.length > 0;
    fill(options, found.map(option));
    options.hidden = !open;
    setAttr(input, "aria-expanded", String(open));
    point();
  }

  /** Show which suggestion Enter takes. */
  function point() {
    [...options.children].forEach((node, index) => setAttr(node, "aria-selected", String(index === at)));
    setAttr(input, "aria-activedescendant", found[at] ? `${id}-${at}` : null);
    const scroller = options.closest("dialog, .side-panel");
    if (found[at] && scroller) reveal(scroller, options.children[at]);
  }

  function option(user, index) {
    return h(
      "li",
      {
        class: "person option",
        role: "option",
        id: `${id}-${index}`,
        onpointerdown: (event) => event.preventDefault(), // the field keeps the focus
        onclick: () => choose(user),
      },
      avatar(user, nameOf(user)),
      personNames(user),
    );
  }

  async function suggest() {
    const query = withoutAt(input.value);
    if (query === asked) return;
    asked = query;
    if (!query) {
      close();
      return;
    }
    try {
      const users = await actions.findUsers(query);
      if (asked !== query) return; // typed on meanwhile
      const isChosen = (user) => chosen.some((one) => one.key === fold(user.username));
      found = users.filter((user) => !excluded(user) && !isChosen(user)).slice(0, SHOWN);
    } catch {
      found = []; // the field works without
    }
    at = found.length ? 0 : -1;
    drawOptions();
  }

  input.addEventListener("input", () => {
    setError(null);
    clearTimeout(timer);
    const { names, rest } = finishedNames(input.value);
    if (names.length) {
      for (const name of names) add(name);
      input.value = rest;
      close();
    }
    timer = setTimeout(suggest, SEARCH_MS);
  });
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const names = splitNames(text);
    if (names.length < 2) return;
    event.preventDefault();
    for (const name of names) add(name);
  });
  input.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const typed = input.value.trim();
    if (step && found.length) {
      at = (at + step + found.length) % found.length;
      point();
    } else if (event.key === "Escape" && found.length) close();
    else if (event.key === "Enter" && found[at]) choose(found[at]);
    else if (event.key === "Enter" && typed) {
      for (const name of splitNames(typed)) add(name);
      input.value = "";
      close();
    } else if (event.key === "Backspace" && !input.value && chosen.length) drop(chosen.at(-1));
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  box.addEventListener("click", ({ target }) => target === box && input.focus());

  function setError(texts) {
    fill(error, (texts ?? []).join(" "));
    error.hidden = !texts?.length;
    setAttr(input, "aria-invalid", texts?.length ? "true" : null);
    for (const one of texts?.length ? [] : chosen) one.problem = null;
    drawChips();
  }

  /** Find out who a name that was only typed means. */
  async function identify(one) {
    const wanted = fold(one.text);
    const users = await actions.findUsers(one.text.slice(0, 50));
    const named = users.filter((user) => fold(user.nickname ?? "") === wanted);
    const user = users.find(({ username }) => fold(username) === wanted) ?? (named.length === 1 ? named[0] : null);
    one.user = user ?? (await actions.user(one.text));
  }

  async function take() {
    for (const name of splitNames(input.value)) add(name);
    input.value = "";
    close();
    for (const one of chosen.filter(({ user }) => !user)) {
      one.problem = null; // of an earlier try
      try {
        await identify(one);
      } catch (failure) {
        one.problem = failure.code === "not_found" ? t("people.nobody", { name: one.text }) : errorText(failure);
      }
    }
    const problems = chosen.map(({ problem }) => problem).filter(Boolean);
    setError([...new Set(problems)]);
    return chosen.filter(({ user }) => user).map(({ user }) => user);
  }

  /** Say what became of those that `take` returned: `failed` is a Map of user id to reason. */
  function settle(failed) {
    chosen = chosen.filter(({ user }) => !user || failed.has(user.id));
    for (const one of chosen) if (one.user) one.problem = failed.get(one.user.id);
    const problems = chosen.map(({ problem }) => problem).filter(Boolean);
    setError(problems);
    if (problems.length) input.focus();
  }

  drawChips();
  error.hidden = true;
  return {
    root,
    input,
    take,
    settle,
    setError,
    isEmpty: () => chosen.length === 0 && !input.value.trim(),
    hasProblems: () => chosen.some(({ problem }) => problem),
  };
}
