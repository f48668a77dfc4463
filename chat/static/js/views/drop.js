// Files that are dragged over the page or pasted into it.

import { h, setText } from "../dom.js";
import { t } from "../i18n.js";

const holdsFiles = (data) => Boolean(data?.types.includes("Files"));

/** Keep the browser from opening files in place of the page; `say(text)` tells what to do with them. */
export function guardDrops(say) {
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event.dataTransfer) || event.defaultPrevented) return;
    event.preventDefault(); // or there is no drop to answer
    event.dataTransfer.dropEffect = "none";
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event.dataTransfer) || event.defaultPrevented) return;
    event.preventDefault();
    say(t("files.no_room"));
  });
}

/**
 * Let files be dropped on a room and pasted while it is open. `titleOf()` is what it is called,
 * `refused()` says in words why none are taken, null if they are; `take(files)` gets them.
 * Returns `{root, stop}`, the overlay.
 */
export function createDropZone(zone, { titleOf, refused, take, say }) {
  const text = h("p", { class: "drop-text" });
  const root = h("div", { class: "drop-zone", hidden: true }, text);

  function give(files) {
    const reason = refused();
    if (reason) say(reason);
    else take(files);
  }

  const hide = () => (root.hidden = true);

  function onDrag(event) {
    if (!holdsFiles(event.dataTransfer) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const reason = refused();
    event.dataTransfer.dropEffect = reason ? "none" : "copy";
    setText(text, reason ?? t("files.drop", { name: titleOf() }));
    root.hidden = false;
  }

  function onDrop(event) {
    hide();
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    give(filesOf(event.dataTransfer));
  }

  function onPaste({ clipboardData, target }) {
    const isElsewhere = document.querySelector("dialog[open]") || (!zone.contains(target) && target.closest?.("input, textarea"));
    // A picture of the text beside it, as office programs copy it, is no file that anyone meant.
    if (isElsewhere || !holdsFiles(clipboardData) || clipboardData.types.includes("text/plain")) return;
    give([...clipboardData.files]);
  }

  zone.addEventListener("dragenter", onDrag);
  zone.addEventListener("dragover", onDrag);
  zone.addEventListener("dragleave", ({ relatedTarget }) => !zone.contains(relatedTarget) && hide());
  zone.addEventListener("drop", onDrop);
  addEventListener("paste", onPaste);
  addEventListener("dragend", hide);
  return {
    root,
    stop() {
      removeEventListener("paste", onPaste);
      removeEventListener("dragend", hide);
    },
  };
}

/** The files of a drop; folders are none. */
function filesOf({ items, files }) {
  const folders = new Set();
  for (const item of items) {
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) folders.add(entry.name);
  }
  return [...files].filter(({ name }) => !folders.has(name));
}
