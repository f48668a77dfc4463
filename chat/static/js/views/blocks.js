// Whom one has blocked.

import { fill, h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { changeBlock } from "./block.js";
import { personButton } from "./person_line.js";
import { skeletonLines } from "./skeleton.js";

/** Make the list: every block can be ended there. Returns `{root, load}`. */
export function blockList(app) {
  const list = h("ul", { class: "people", role: "list", tabindex: "-1", "aria-label": t("blocks.title") });
  const said = h("p", { class: "muted quiet", role: "status" }, skeletonLines(2));

  async function load() {
    try {
      const users = await app.actions.loadBlocks();
      fill(list, users.map(line));
      fill(said, users.length ? "" : t("blocks.nobody"));
    } catch (error) {
      fill(said, errorText(error));
    }
  }

  function line(user) {
    const name = nameOf(user);
    const end = async () => {
      button.disabled = true;
      const done = await changeBlock(app, { id: user.id, name, blocked: true });
      button.disabled = false;
      if (!done) return;
      await load();
      list.focus();
    };
    const label = `${t("block.undo")}: ${name}`;
    const person = personButton(user, () => app.showPerson(user, person));
    const button = h("button", { type: "button", class: "button", "aria-label": label, onclick: end }, t("block.undo"));
    return h("li", { class: "person-line" }, person, button);
  }

  return { root: h("div", { class: "stack" }, h("p", { class: "hint" }, t("blocks.hint")), said, list), load };
}
