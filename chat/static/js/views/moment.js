// A moment in a sentence.

import { h } from "../dom.js";
import { brief, full } from "../format.js";
import { t } from "../i18n.js";

/** Make the text of `key`, with the moment at `{when}`; its title says the time in full. */
export function moment(key, at, textOf = brief) {
  return h("time", { datetime: new Date(at).toISOString(), title: full(at) }, t(key, { when: textOf(at) }));
}
