// The dialog to delete one's account.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { openDialog } from "./dialog.js";
import { field, form } from "./form.js";

/** Open the dialog: what will happen, and the password as consent. */
export function openDeletion(app) {
  const { root } = form({
    fields: [
      field({
        name: "password",
        label: t("field.password"),
        hint: t("deletion.password_hint"),
        type: "password",
        autocomplete: "current-password",
      }),
    ],
    submit: t("deletion.submit"),
    danger: true,
    onSubmit: (fields) => app.deleteAccount(fields),
  });
  const points = ["deletion.messages", "deletion.groups", "deletion.name"];
  const body = [
    h("p", {}, t("deletion.text")),
    h("ul", { class: "points" }, points.map((key) => h("li", {}, t(key)))),
    root,
  ];
  openDialog({ title: t("deletion.title"), body });
}
