// Logging out, with a word about what would be lost.

import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { confirm } from "./dialog.js";

/** Log out, after asking where messages wait to be sent. */
export async function logOut(app) {
  const waiting = app.outbox.size;
  const sure =
    !waiting ||
    (await confirm({ title: t("logout"), text: t("logout.unsent", { count: waiting }), action: t("logout") }));
  if (!sure) return;
  try {
    await app.logOut();
  } catch (error) {
    app.toast(errorText(error));
  }
}
