// The files that are chosen and not sent yet, above the text.

import { fill, h, icon, keyed, setAttr, setText } from "../dom.js";
import { MOST_FILES, chosenFor, keepChosen, takeFiles } from "../files/chosen.js";
import { isPicture } from "../files/kinds.js";
import { fileSize } from "../format.js";
import { CLOSE } from "../icons.js";
import { t } from "../i18n.js";
import { fileName } from "./file_name.js";
import { fileSign } from "./file_sign.js";

/**
 * Make the tray of a room; `changed()` is called when there are more or fewer, `emptied()` when
 * somebody took out the last one.
 */
export function createTray({ roomId, changed, emptied }) {
  const list = h("ul", { class: "tray-files", role: "list", "aria-label": t("files.chosen"), tabindex: "-1" });
  const problems = h("div", { class: "tray-problems", role: "alert" });
  const root = h("div", { class: "tray", hidden: true }, list, problems);
  let files = chosenFor(roomId);
  let reading = 0;
  let isAway = false; // while an old message is edited

  function draw() {
    keyed(list, files, ({ key }) => key, create);
    list.hidden = !files.length;
    root.hidden = isAway || (!files.length && !problems.childElementCount);
  }

  function redraw() {
    draw();
    changed();
  }

  function create(file) {
    const size = fileSize(file.size);
    const remove = h(
      "button",
      { type: "button", class: "tray-remove", "aria-label": t("files.remove", { name: file.name }), title: t("files.remove", { name: file.name }), onclick: () => drop(file) },
      icon(CLOSE),
    );
    const face = isPicture(file) ? thumbnail(file) : fileSign(file);
    const about = h("span", { class: "tray-about" }, fileName(file.name), h("span", { class: "file-size" }, size));
    return h("li", { class: isPicture(file) ? "tray-file is-picture" : "tray-file" }, face, about, remove);
  }

  function thumbnail({ blob }) {
    const image = h("img", { class: "tray-picture", alt: "", draggable: "false" });
    const url = URL.createObjectURL(blob);
    const done = () => URL.revokeObjectURL(url);
    image.addEventListener("load", done);
    image.addEventListener("error", done);
    image.src = url;
    return image;
  }

  function set(now) {
    files = now;
    keepChosen(roomId, files);
    redraw();
  }

  /** Take a file out; the focus goes to the next one, else to the text. */
  function drop(file) {
    const at = files.indexOf(file);
    set(files.filter((one) => one !== file));
    const buttons = list.querySelectorAll(".tray-remove");
    if (buttons.length) buttons[Math.min(at, buttons.length - 1)].focus();
    else emptied();
  }

  function say(texts) {
    const close = h("button", { type: "button", class: "icon-button", "aria-label": t("close"), onclick: () => say([]) }, icon(CLOSE));
    fill(problems, texts.length > 0 && h("div", { class: "tray-problem" }, h("div", {}, texts.map((text) => h("p", {}, text))), close));
    draw();
  }

  draw();
  return {
    root,
    /** How many are chosen. */
    get count() {
      return isAway ? 0 : files.length;
    },
    /** Whether some are still being read. */
    get isBusy() {
      return reading > 0;
    },
    /** Take files that somebody chose, dropped or pasted. */
    async add(given) {
      if (!given.length) return;
      reading += 1;
      setAttr(root, "aria-busy", "true");
      changed();
      const taken = await takeFiles(given, MOST_FILES - files.length);
      reading -= 1;
      if (!reading) setAttr(root, "aria-busy", null);
      set([...files, ...taken.files].slice(0, MOST_FILES));
      say(taken.problems);
    },
    /** Hand the files over: the tray is empty then. */
    take() {
      const taken = files;
      fill(problems);
      set([]);
      return taken;
    },
    /** Out of sight while an old message is edited. */
    putAway(away) {
      if (isAway === away) return;
      isAway = away;
      draw();
    },
  };
}
