// The beginning of a message, on one line.

import { t } from "../i18n.js";
import { plainText } from "../markup.js";
import { beginning } from "../text.js";

const LONGEST = 200;

/** What a message or a quote says, in short. */
export function excerptOf({ data, deleted_at: deletedAt, deleted }) {
  if (deleted || deletedAt) return t("message.deleted");
  const line = plainText(data).replace(/\s+/gu, " ").trim();
  const start = beginning(line, LONGEST);
  return start.length < line.length ? `${start}…` : line;
}
