// Membership requests, above the conversation list: each waits for an answer.

import { h, keyed } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { avatar } from "./avatar.js";
import { inviterLine } from "./inviter.js";

/**
 * Make the list; `app.toast` says what goes wrong, `leave()` takes the focus when the last one is
 * answered. Returns `{root, redraw}`.
 */
export function createRequests(app, leave) {
  const { store, actions } = app;
  const list = h("ul", { class: "requests", role: "list" });
  const root = h("section", { "aria-label": t("requests.label"), hidden: true }, list);

  function create({ id, room, invited_by: inviter }) {
    const answer = (task) => async () => {
      for (const button of buttons) button.disabled = true;
      try {
        await task(id);
      } catch (error) {
        app.toast(error.code === "not_found" ? t("requests.gone") : errorText(error));
        for (const button of buttons) button.disabled = false;
      }
      if (document.activeElement !== document.body) return;
      const next = list.querySelector(".actions button");
      if (next) next.focus();
      else leave();
    };
    const button = (text, look, task) =>
      h(
        "button",
        { type: "button", class: look, "aria-label": `${text}: ${room.name}`, onclick: answer(task) },
        text,
      );
    const decline = async () => {
      await actions.declineRequest(id);
      app.toast(t("requests.declined", { name: room.name }));
    };
    const buttons = [
      button(t("requests.accept"), "button primary", actions.acceptRequest),
      button(t("requests.decline"), "button", decline),
    ];
    return h(
      "li",
      { class: "request" },
      avatar(room, room.name, { square: true }),
      h(
        "div",
        { class: "request-text" },
        h("bdi", { class: "request-name" }, room.name),
        inviterLine(app, "requests.by", inviter),
        h("p", { class: "muted" }, t("members.count", { count: room.members })),
        room.info && h("p", { class: "request-info", dir: "auto" }, room.info),
      ),
      h("div", { class: "actions" }, buttons),
    );
  }

  return {
    root,
    redraw() {
      const waiting = [...store.requests.values()].sort((a, b) => b.created_at - a.created_at);
      keyed(list, waiting, ({ id }) => id, create, () => {});
      root.hidden = waiting.length === 0;
    },
  };
}
