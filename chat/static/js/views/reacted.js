// The dialog of who has reacted to a message.

import { fill, h, keyed, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { openDialog } from "./dialog.js";
import { lineNames, personButton } from "./person_line.js";
import { skeletonLines } from "./skeleton.js";

const PAGE = 100;

/** Open the dialog, with one emoji chosen or all of them. */
export function openReacted(app, message, emoji = "") {
  let chosen = emoji;
  let round = 0; // of answers that another choice has overtaken
  let found = [];
  const list = h("ul", { class: "people", role: "list" });
  const status = h("p", { class: "muted quiet", role: "status" });
  const more = h("button", { type: "button", class: "button", hidden: true, onclick: () => load() }, t("reacted.more"));
  const choices = message.reactions.map((one) => choice(one.emoji, `${one.emoji} ${one.count}`));
  const total = message.reactions.reduce((sum, { count }) => sum + count, 0);
  const all = choice("", t("reacted.all", { count: total }));
  const filter = h("div", { class: "segments wide", role: "group", "aria-label": t("reactions.label") }, all, choices);
  openDialog({ title: t("reacted.title"), body: [filter, list, status, more] });
  choose(chosen);

  function choice(value, text) {
    return h("button", { type: "button", class: "segment", dataset: { emoji: value }, onclick: () => choose(value) }, text);
  }

  function choose(value) {
    chosen = value;
    found = [];
    for (const one of filter.children) one.setAttribute("aria-pressed", String(one.dataset.emoji === value));
    draw();
    load();
  }

  async function load() {
    const mine = ++round;
    more.hidden = true;
    fill(status, skeletonLines(Math.max(1, Math.min(4, total - found.length))));
    try {
      const page = await app.actions.reactionsOf(message, chosen, found[found.length - 1]?.rev ?? 0);
      if (mine !== round) return;
      found = [...found, ...page];
      more.hidden = page.length < PAGE;
      fill(status);
      draw();
    } catch (error) {
      if (mine !== round) return;
      more.hidden = false;
      setText(status, errorText(error));
    }
  }

  function draw() {
    keyed(list, found, ({ user, emoji: one }) => `${user.id} ${one}`, createPerson);
  }

  function createPerson({ user, emoji: one }) {
    const name = user.id === app.store.me.id ? t("you") : nameOf(user);
    const show = (event) => app.showPerson(user, event.currentTarget);
    const more = h("span", { class: "person-reaction" }, one);
    return h("li", {}, personButton(user, show, { names: lineNames(name), more }));
  }
}
