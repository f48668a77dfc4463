// The form to change the password.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { field, form } from "./form.js";

/** Make it; a changed password leads to the log-in page. */
export function passwordForm(app) {
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
  return [h("p", {}, t("password.text")), root];
}
