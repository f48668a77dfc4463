// The form that makes a group, with the people in it.

import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { addPeople } from "./add_people.js";
import { choice } from "./choice.js";
import { field, form } from "./form.js";
import { peopleField } from "./people_field.js";

/** Make the form; `done()` once the group is there. Returns `{root, focus}`. */
export function createGroupForm(app, done) {
  const { store, actions, toast } = app;
  const name = field({ name: "name", label: t("group.name"), autocomplete: "off" });
  const info = field({ name: "info", label: t("group.info"), optional: true, autocomplete: "off" });
  const people = peopleField({
    actions,
    label: t("new.with"),
    hint: t("members.add_hint"),
    optional: true,
    excluded: ({ id }) => id === store.me.id,
  });
  const access = choice({
    label: t("group.access"),
    values: ["number", "invitation"],
    value: "number",
    textOf: (one) => t(`access.${one}`),
  });

  async function make(values) {
    const chosen = await people.take();
    if (people.hasProblems()) return; // said at the field
    const room = await actions.createGroup({ name: values.name.trim(), info: values.info.trim() });
    done();
    const problems = []; // the form is gone: what fails now must not keep people out
    if (access.value() === "invitation") {
      await actions
        .editGroup(room.id, { access: "invitation" })
        .catch((error) => problems.push(t("new.access_failed", { reason: errorText(error) })));
    }
    const failed = await addPeople(app, room.id, chosen);
    problems.push(...failed.values());
    if (problems.length) toast(problems.join(" "));
  }

  const { root } = form({
    fields: [name, info],
    more: [people.root, access.root],
    submit: t("new.create_submit"),
    onSubmit: make,
  });
  return { root, focus: () => name.input.focus() };
}
