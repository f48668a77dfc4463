// Logging out: asked about first where something would be lost by it.

import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { confirm } from "./dialog.js";

/** Log out, unless somebody would rather keep what is not sent yet. */
export async function logOut(app) {
  const waiting = app.outbox.size;
  if (waiting) {
    const sure = await confirm({
      title: t("logout"),
      text: t("logout.unsent", { count: waiting }),
      action: t("logout"),
    });
    if (!sure) return;
  }
  await attempt(app.toast, app.logOut);
}
