// Blocking somebody: asked about first, undone at once.

import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { confirm } from "./dialog.js";

/** Block a person or end the block, after asking; resolves to whether it was done. */
export async function changeBlock({ actions, toast }, { id, name, blocked }) {
  const sure =
    blocked ||
    (await confirm({ title: t("block.title", { name }), text: t("block.text"), action: t("block.do") }));
  const change = () => (blocked ? actions.unblock(id) : actions.block(id));
  if (!sure || !(await attempt(toast, change))) return false;
  toast(t(blocked ? "block.undone" : "block.done", { name }));
  return true;
}
