// The dialog to start talking: to a person, in a new group, or in one that exists.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { openDialog } from "./dialog.js";
import { createGroupForm } from "./new_group.js";
import { createJoinForm } from "./join_form.js";
import { createPersonSearch } from "./person_search.js";

const PANELS = { direct: createPersonSearch, create: createGroupForm, join: createJoinForm };

/** Open the dialog at one of its tabs: "direct", "create" or "join". */
export function openNewChat(app, tab) {
  const panel = h("div");
  const made = {}; // what was typed under another tab stays
  const choose = (name) => {
    made[name] ??= PANELS[name](app, () => opened.close());
    fill(panel, made[name].root);
    made[name].focus();
  };
  const tabs = h(
    "fieldset",
    { class: "segments wide" },
    h("legend", { class: "visually-hidden" }, t("new.title")),
    Object.keys(PANELS).map((name) =>
      h(
        "label",
        { class: "segment" },
        h("input", {
          type: "radio",
          name: "new-chat",
          value: name,
          checked: name === tab,
          onchange: () => choose(name),
        }),
        h("span", {}, t(`tabs.${name}`)),
      ),
    ),
  );
  const opened = openDialog({ title: t("new.title"), body: [tabs, panel] });
  choose(tab);
}
