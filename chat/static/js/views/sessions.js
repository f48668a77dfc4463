// Where one is logged in.

import { fill, h } from "../dom.js";
import { deviceName } from "../device.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { moment } from "./moment.js";
import { skeletonLines } from "./skeleton.js";

/** Make the list: every session but this one can be ended there. Returns `{root, load}`. */
export function sessionList(app) {
  const { actions } = app;
  const list = h("ul", { class: "sessions", role: "list", tabindex: "-1", "aria-label": t("sessions.title") });
  const said = h("p", { class: "muted quiet", role: "status" }, skeletonLines(2));

  async function load() {
    try {
      const sessions = await actions.sessions();
      fill(list, sessions.sort((a, b) => b.current - a.current).map(item));
      fill(said);
    } catch (error) {
      fill(said, errorText(error));
    }
  }

  function item(session) {
    const device = deviceName(session.device) || session.device || t("sessions.unknown");
    return h(
      "li",
      { class: "session" },
      h(
        "div",
        { class: "session-facts" },
        h("p", {}, h("bdi", { class: "session-device", title: session.device }, device)),
        h("p", { class: "muted" }, moment("sessions.used", session.last_used_at)),
        h("p", { class: "muted" }, moment("sessions.since", session.created_at)),
      ),
      session.current ? h("span", { class: "tag" }, t("sessions.current")) : endButton(session, device),
    );
  }

  function endButton(session, device) {
    const end = async () => {
      button.disabled = true;
      try {
        await actions.endSession(session.id);
      } catch (error) {
        if (error.code !== "not_found") {
          button.disabled = false; // else it ended by itself
          fill(said, errorText(error));
          return;
        }
      }
      await load();
      fill(said, t("sessions.ended", { device }));
      list.focus();
    };
    const label = `${t("sessions.end")}: ${device}`;
    const button = h("button", { type: "button", class: "button", "aria-label": label, onclick: end }, t("sessions.end"));
    return button;
  }

  return { root: h("div", { class: "stack" }, said, list), load };
}
