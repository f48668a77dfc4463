// The form to delete one's account.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { field, form } from "./form.js";

/** Make it: what will happen, and the password as consent. */
export function deletionForm(app) {
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
  return [
    h("p", {}, t("deletion.text")),
    h("ul", { class: "points" }, points.map((key) => h("li", {}, t(key)))),
    root,
  ];
}
