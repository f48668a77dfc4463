// The ring around the cross that takes a file back while it is on its way.

import { h, icon, setAttr } from "../dom.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";

const shown = new WeakMap(); // by ring: the key of its file, and what takes that back

/** Bring the ring in `host` up to date: there is none without `upload`, `{key, name, done, cancel}`. */
export function drawRing(host, upload, progress) {
  const found = host.querySelector(":scope > .upload-ring");
  if (!upload) {
    found?.remove();
    return;
  }
  const ring = found ?? createRing();
  if (!found) host.append(ring);
  shown.set(ring, upload);
  ring.dataset.upload = upload.key;
  setAttr(ring.firstChild, "aria-label", t("files.uploading", { name: upload.name }));
  setAttr(ring.lastChild, "aria-label", t("files.cancel", { name: upload.name }));
  showProgress(ring, upload.done ? 1 : progress);
}

function createRing() {
  const ring = h("span", { class: "upload-ring" });
  const cancel = (event) => {
    event.stopPropagation();
    shown.get(ring).cancel();
  };
  ring.append(
    h("span", { class: "ring", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }),
    h("button", { type: "button", class: "ring-cancel", tabindex: "-1", onclick: cancel }, icon(CLOSE)),
  );
  return ring;
}

function showProgress(ring, progress) {
  const bar = ring.firstChild;
  bar.style.setProperty("--progress", progress);
  setAttr(bar, "aria-valuenow", Math.round(progress * 100));
}

/** Show how far an upload has come, wherever in `root` its ring is. */
export function moveRing(root, key, progress) {
  const ring = root.querySelector(`.upload-ring[data-upload="${CSS.escape(key)}"]`);
  if (ring) showProgress(ring, progress);
}
