// Files that are dropped or pasted: there is no way to send them, so that is what is said.

import { t } from "../i18n.js";

const holdsFiles = (data) => Boolean(data?.types.includes("Files"));

/** Refuse files all over the page, which a browser would otherwise open in its place. */
export function refuseFiles(say) {
  const refuse = () => say(t("files.refused"));

  addEventListener("dragover", (event) => {
    if (holdsFiles(event.dataTransfer)) event.preventDefault(); // or there is no drop to answer
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    refuse();
  });
  addEventListener("paste", ({ clipboardData }) => {
    // A picture of the text beside it, as office programs copy it, is no file that anyone meant.
    if (holdsFiles(clipboardData) && !clipboardData.types.includes("text/plain")) refuse();
  });
}
