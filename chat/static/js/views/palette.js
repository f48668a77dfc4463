// Ctrl-K: one field that finds rooms, people and actions, and leads on to the search in messages.

import { h, fill, icon, reveal, setAttr, setText } from "../dom.js";
import { attempt, errorText } from "../errors.js";
import { findByTitle, peopleQuery, withFound } from "../finding.js";
import { badge } from "../format.js";
import { SEARCH } from "../icons.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { keepFound, readFound } from "../storage.js";
import { nameOf } from "../store.js";
import { withoutAt } from "../text.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { actionChoices, joinChoices, messageChoices, peopleChoices, roomChoice, roomChoices } from "./palette_choices.js";
import { lineNames } from "./person_line.js";

const SEARCH_MS = 200;
const RECENT = 6;

/** Open it. */
export function openPalette(app) {
  const { store, actions } = app;
  const list = h("div", { class: "palette-list", role: "listbox", id: "palette-list", "aria-label": t("palette.open") });
  const said = h("p", { class: "palette-said muted", hidden: true });
  const counted = h("p", { class: "visually-hidden", role: "status" });
  const input = h("input", {
    type: "text", // in a search field Escape would empty it before it closes the dialog
    class: "palette-input",
    role: "combobox",
    dir: "auto",
    autocomplete: "off",
    spellcheck: "false",
    enterkeyhint: "go",
    "aria-label": t("palette.label"),
    "aria-autocomplete": "list",
    "aria-expanded": "true",
    "aria-controls": "palette-list",
    placeholder: t("palette.label"),
  });
  let people = { query: null, users: [], problem: null }; // the latest answer
  let asked = null; // what the server was asked for last
  let timer = null;
  let choices = [];
  let chosen = null; // the key of a choice
  let moved = false; // by the arrows: then it stays, whatever comes in above it

  /** The parts with a heading, of what was typed. */
  function partsOf(query) {
    if (!query) return [
      { name: "last", choices: lastFound() },
      { name: "rooms", choices: recentRooms() },
      { name: "actions", choices: actionChoices(app, "") },
      { name: "messages", choices: messageChoices(app, "") },
    ];
    const rooms = roomChoices(app, query);
    return [
      { name: "join", choices: joinChoices(app, query) },
      { name: "rooms", choices: rooms },
      { name: "people", choices: peopleChoices(app, usersFor(query), rooms) },
      { name: "actions", choices: actionChoices(app, query) },
      { name: "messages", choices: messageChoices(app, query) },
    ];
  }

  /** Those of the latest answer; of an older one only who still fits. */
  function usersFor(query) {
    if (people.query === asked) return people.users;
    return findByTitle(people.users, withoutAt(query), (user) => `${nameOf(user)} ${user.username}`);
  }

  const isElsewhere = (room) => room.id !== app.openRoom()?.id;

  function lastFound() {
    const rooms = new Map(store.roomList().filter(isElsewhere).map((room) => [`room:${room.id}`, room]));
    return readFound(store.me.id).flatMap((key) => (rooms.has(key) ? [roomChoice(app, rooms.get(key))] : []));
  }

  function recentRooms() {
    const found = new Set(readFound(store.me.id));
    const others = store.shownRooms().filter((room) => isElsewhere(room) && !found.has(`room:${room.id}`));
    return others.slice(0, RECENT).map((room) => roomChoice(app, room));
  }

  function draw() {
    const query = input.value.trim();
    const parts = partsOf(query).filter((part) => part.choices.length);
    choices = parts.flatMap((part) => part.choices);
    const found = choices.filter(({ key }) => key !== "messages").length; // that one is always there
    if (!moved || !choices.some(({ key }) => key === chosen)) chosen = choices[0]?.key ?? null;
    fill(list, parts.map(drawPart));
    list.hidden = choices.length === 0;
    const waiting = asked !== null && people.query !== asked;
    const problem = people.problem && t("palette.people_failed", { reason: people.problem });
    setText(said, waiting ? t("palette.searching") : problem || (found ? "" : t("palette.nothing")));
    said.hidden = !said.textContent;
    if (!waiting) setText(counted, found ? t("palette.found", { count: found }) : t("palette.nothing"));
    mark();
  }

  function drawPart({ name, choices: own }) {
    const id = `palette-${name}`;
    return h(
      "div",
      { role: "group", "aria-labelledby": id },
      h("h3", { class: "palette-heading", id, role: "presentation" }, t(`palette.${name}`)),
      own.map(drawChoice),
    );
  }

  function drawChoice(choice) {
    const { key, title, detail, look, unread = 0, muted } = choice;
    return h(
      "div",
      { class: "person option", role: "option", id: idOf(key), dataset: { key }, onclick: () => go(choice) },
      look.face
        ? avatar(look.face, look.name ?? title, { square: look.square })
        : h("span", { class: "palette-icon" }, icon(look.path)),
      lineNames(title, detail),
      unread > 0 && h("span", { class: muted ? "badge badge-quiet" : "badge" }, badge(unread)),
    );
  }

  const idOf = (key) => `palette-${key.replace(/[^\w-]/g, "-")}`;

  /** Show which one is chosen, and bring it into view. */
  function mark() {
    setAttr(input, "aria-activedescendant", chosen && idOf(chosen));
    let node = null;
    for (const option of list.querySelectorAll(".option")) {
      const isIt = option.dataset.key === chosen;
      setAttr(option, "aria-selected", String(isIt));
      if (isIt) node = option;
    }
    if (!node) return;
    if (choices[0].key === chosen) list.scrollTop = 0; // with the heading above it
    else reveal(list, node);
  }

  async function askForPeople() {
    const query = asked;
    let answer;
    try {
      answer = { query, users: await actions.findUsers(query), problem: null };
    } catch (error) {
      answer = { query, users: [], problem: errorText(error) };
    }
    if (query !== asked || !input.isConnected) return; // typed on meanwhile
    people = answer;
    draw();
  }

  function go(choice) {
    if (choice.key.startsWith("room:")) keepFound(store.me.id, withFound(readFound(store.me.id), choice.key));
    opened.close();
    attempt(app.toast, () => choice.run());
  }

  input.addEventListener("input", () => {
    const query = peopleQuery(input.value);
    moved = false;
    clearTimeout(timer);
    if (query !== asked) {
      asked = query;
      if (query === null) people = { query: null, users: [], problem: null };
      else timer = setTimeout(askForPeople, SEARCH_MS);
    }
    draw();
  });
  input.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    const at = choices.findIndex(({ key }) => key === chosen);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && choices[at]) go(choices[at]);
    else if (step && choices.length) {
      moved = true;
      chosen = choices[(at + step + choices.length) % choices.length].key;
      mark();
    } else return;
    event.preventDefault();
  });

  const opened = openDialog({
    title: t("palette.open"),
    body: [h("div", { class: "palette-field" }, icon(SEARCH), input), said, list, counted],
    onClose: () => clearTimeout(timer),
  });
  opened.dialog.classList.add("palette");
  opened.dialog.querySelector("h2").classList.add("visually-hidden"); // the field shows what it is
  input.focus();
  draw();
}
