// The form by which one joins a group whose number or link one was given.

import { t } from "../i18n.js";
import { field, form } from "./form.js";

/** Make the form; `done()` once one is in. Returns `{root, focus}`. */
export function createJoinForm({ actions }, done) {
  const number = field({
    name: "number",
    label: t("new.join_label"),
    hint: t("new.join_hint"),
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const { root } = form({
    fields: [number],
    submit: t("new.join_submit"),
    async onSubmit({ number: typed }) {
      try {
        await actions.joinGroup(typed.replace(/[\s-]/g, ""));
      } catch (error) {
        if (error.code !== "not_found") throw error;
        number.setError([t("new.no_such_group")]);
        number.input.focus();
        return;
      }
      done();
    },
  });
  return { root, focus: () => number.input.focus() };
}
