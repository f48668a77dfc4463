// The dialog to start talking: to a person, in a new group, or in one that exists.

import { fill, h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialog.js";
import { field, form } from "./form.js";

const TABS = ["direct", "create", "join"];
const SEARCH_MS = 250;

/** Open the dialog at one of its tabs: "direct", "create" or "join". */
export function openNewChat({ actions, store }, tab) {
  const panel = h("div", { class: "tab-panel" });
  const choose = (name) => {
    fill(panel, PANELS[name]({ actions, store, done: () => opened.close() }));
    panel.querySelector("input")?.focus();
  };
  const tabs = h(
    "fieldset",
    { class: "segments wide" },
    h("legend", { class: "visually-hidden" }, t("new.title")),
    TABS.map((name) =>
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
        h("span", {}, t(`new.${name}`)),
      ),
    ),
  );
  const opened = openDialog({ title: t("new.title"), body: [tabs, panel] });
  choose(tab);
}

const PANELS = {
  direct({ actions, store, done }) {
    const search = field({
      name: "q",
      label: t("new.find_label"),
      hint: t("new.find_hint"),
      type: "search",
      autocomplete: "off",
      spellcheck: "false",
    });
    const say = h("p", { class: "muted quiet", role: "status" });
    const list = h("ul", { class: "people", role: "list" });
    let timer = null;
    let asked = "";

    function start(user) {
      done();
      actions.openDirect(user);
    }

    async function find() {
      const query = search.input.value.trim().replace(/^@/, "");
      if (query === asked) return;
      asked = query;
      if (!query) {
        fill(list);
        fill(say);
        return;
      }
      try {
        const found = await actions.findUsers(query);
        if (query !== asked) return; // typed on meanwhile
        const others = found.filter((user) => user.id !== store.me.id);
        fill(say, others.length ? "" : t("new.nobody"));
        fill(list, others.map((user) => personButton(user, () => start(user))));
      } catch (error) {
        asked = "";
        fill(list);
        fill(say, errorText(error));
      }
    }

    search.input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(find, SEARCH_MS);
    });
    const root = h("form", { class: "form", role: "search" }, search.root, say, list);
    root.addEventListener("submit", async (event) => {
      event.preventDefault();
      clearTimeout(timer);
      await find();
      list.querySelector("button")?.focus();
    });
    return root;
  },

  create({ actions, done }) {
    const fields = [
      field({ name: "name", label: t("group.name"), autocomplete: "off" }),
      field({ name: "info", label: t("group.info"), optional: true, autocomplete: "off" }),
    ];
    return form({
      fields,
      submit: t("new.create_submit"),
      async onSubmit({ name, info }) {
        await actions.createGroup(info.trim() ? { name: name.trim(), info } : { name: name.trim() });
        done();
      },
    }).root;
  },

  join({ actions, done }) {
    const fields = [
      field({
        name: "number",
        label: t("group.number_label"),
        hint: t("new.join_hint"),
        inputmode: "numeric",
        autocomplete: "off",
      }),
    ];
    return form({
      fields,
      submit: t("new.join_submit"),
      async onSubmit({ number }) {
        try {
          await actions.joinGroup(number);
        } catch (error) {
          if (error.code !== "not_found") throw error;
          fields[0].setError([t("new.no_such_group")]);
          return;
        }
        done();
      },
    }).root;
  },
};

function personButton(user, onclick) {
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "person", onclick },
      avatar(user, nameOf(user)),
      h(
        "span",
        { class: "person-names" },
        h("bdi", {}, nameOf(user)),
        h("span", { class: "muted" }, `@${user.username}`),
      ),
    ),
  );
}
