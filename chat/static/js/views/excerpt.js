// The beginning of a message, on one line.

import { withFiles } from "../files/kinds.js";
import { t } from "../i18n.js";
import { plainText } from "../markup.js";
import { beginning, oneLine } from "../text.js";

const LONGEST = 200;

/** What a message or a quote says, in short. */
export function excerptOf({ data, files, deleted_at: deletedAt, deleted }) {
  if (deleted || deletedAt) return t("message.deleted");
  const line = withFiles(oneLine(plainText(data)), files);
  const start = beginning(line, LONGEST);
  return start.length < line.length ? `${start}…` : line;
}
