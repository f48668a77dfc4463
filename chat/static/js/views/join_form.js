// The form by which one joins a group whose number or link one was given.

import { t } from "../i18n.js";
import { joinCode } from "../join_code.js";
import { field, form } from "./form.js";
import { openInvitation } from "./invitation.js";

/** Make the form; `done()` once one is in. Returns `{root, focus}`. */
export function createJoinForm(app, done) {
  const number = field({
    name: "number",
    label: t("new.join_label"),
    hint: t("new.join_hint"),
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });

  function wrong(key) {
    number.setError([t(key)]);
    number.input.focus();
  }

  /** Join the group of that number; resolves to whether there is one. */
  async function join(code) {
    try {
      app.actions.goTo(await app.actions.joinGroup(code));
      return true;
    } catch (error) {
      if (error.code !== "not_found") throw error;
      wrong("new.no_such_group");
      return false;
    }
  }

  const { root } = form({
    fields: [number],
    submit: t("new.join_submit"),
    async onSubmit({ number: typed }) {
      const code = joinCode(typed);
      if (code === null) {
        wrong("new.no_code");
      } else if (code.kind === "invitation") {
        done();
        openInvitation(app, code.token); // shows first what it leads to
      } else if (await join(code.number)) done();
    },
  });
  return { root, focus: () => number.input.focus() };
}
