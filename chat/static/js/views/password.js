// The dialog to change the password.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { openDialog } from "./dialog.js";
import { field, form } from "./form.js";

/** Open the dialog; a changed password leads to the log-in page. */
export function openPassword(app) {
  const { root } = form({
    fields: [
      field({
        name: "current_password",
        label: t("field.current_password"),
        type: "password",
        autocomplete: "current-password",
      }),
      field({
        name: "password",
        label: t("field.new_password"),
        hint: t("auth.password_hint"),
        type: "password",
        autocomplete: "new-password",
      }),
    ],
    submit: t("password.submit"),
    onSubmit: (fields) => app.changePassword(fields),
  });
  openDialog({ title: t("password.title"), body: [h("p", {}, t("password.text")), root] });
}
