// Adding people to a group: several at once, and each is told apart.

import { h } from "../dom.js";
import { errorText } from "../errors.js";
import { listed } from "../format.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { peopleField } from "./people_field.js";

/** Add people to a group and say what became of each; resolves to a Map of user id to what went wrong. */
export async function addPeople({ actions, toast }, roomId, users) {
  const { added, invited, failed } = await actions.addMembers(roomId, users);
  const names = (list) => ({ count: list.length, names: listed(list.map(nameOf)) });
  const said = [];
  if (added.length) said.push(t("members.added", names(added)));
  if (invited.length) said.push(t("members.invited", names(invited)));
  if (said.length) toast(said.join(" "));
  const reason = ({ user, error }) =>
    error.code === "not_found"
      ? t("people.nobody", { name: user.username })
      : t("people.failed", { name: nameOf(user), reason: errorText(error) });
  return new Map(failed.map((one) => [one.user.id, reason(one)]));
}

/** Make the form of a group's sheet, as an element. */
export function addPeopleForm(app, roomId) {
  const { store, actions } = app;
  const isMember = ({ id }) => store.members.get(roomId)?.some(({ user }) => user.id === id);
  const button = h("button", { type: "submit", class: "button" }, t("members.add"));
  const field = peopleField({
    actions,
    label: t("members.add_label"),
    hint: t("members.add_hint"),
    excluded: isMember,
    aside: button,
  });
  const root = h("form", { novalidate: true }, field.root);

  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    if (field.isEmpty()) {
      field.setError([t("form.required")]);
      field.input.focus();
      return;
    }
    button.disabled = true;
    const people = await field.take();
    const already = people.filter(isMember);
    const failed = await addPeople(app, roomId, people.filter((one) => !isMember(one)));
    for (const one of already) failed.set(one.id, t("members.already", { name: nameOf(one) }));
    field.settle(failed);
    button.disabled = false;
  });
  return root;
}
