// The form by which the owner and the admins name and describe a group.

import { t } from "../i18n.js";
import { PENCIL } from "../icons.js";
import { disclosure } from "./disclosure.js";
import { field, form } from "./form.js";

/** Make the part; `redraw(room)` shows what it is called now, unless somebody is changing it. */
export function createGroupEdit({ actions, toast }, roomId) {
  const name = field({ name: "name", label: t("group.name"), autocomplete: "off" });
  const info = field({ name: "info", label: t("group.info"), optional: true, lines: 3, autocomplete: "off" });
  const { root } = form({
    fields: [name, info],
    submit: t("save"),
    async onSubmit(values) {
      await actions.editGroup(roomId, { name: values.name.trim(), info: values.info.trim() });
      part.open = false;
      toast(t("saved"));
    },
  });
  const part = disclosure(t("group.edit"), root, { path: PENCIL });
  return {
    root: part,
    redraw(room) {
      if (part.open) return;
      name.input.value = room.name;
      info.input.value = room.info;
    },
  };
}
