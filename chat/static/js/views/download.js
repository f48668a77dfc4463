// A file is saved by an address that is good for a minute: no token stands in it.

import { h } from "../dom.js";
import { attempt } from "../errors.js";

/** Have the browser save a file. */
export function download(app, file) {
  return attempt(app.toast, async () => {
    const url = await app.actions.linkTo(file);
    const link = h("a", { href: url, download: file.name, hidden: true });
    document.body.append(link); // or Firefox ignores the click
    link.click();
    link.remove();
  });
}
