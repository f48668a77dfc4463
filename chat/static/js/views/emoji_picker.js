// The picker: recent emoji, all of them by kind, search in both languages, skin tones.

import { fill, h, setAttr, setText } from "../dom.js";
import { TONES, withTone, withUsed } from "../emoji.js";
import { loadEmoji } from "../emoji_data.js";
import { t } from "../i18n.js";
import { isComposing, isSend } from "../keys.js";
import { keepEmojiHabits, readEmojiHabits } from "../storage.js";
import { createEmojiGrid } from "./emoji_grid.js";
import { openPopup } from "./popup.js";

const KINDS = ["smileys", "people", "nature", "food", "travel", "activities", "objects", "symbols", "flags"];
const SIGNS = ["😀", "👋", "🐻", "🍜", "🚗", "⚽", "💡", "❤️", "🏁"];
const RECENT = "recent";
const HAND = "✋";

/** Open the picker beside the rectangle `at`; `choose(emoji)` gets the choice. */
export function openEmojiPicker({ userId, at, choose }) {
  let habits = readEmojiHabits(userId);
  let catalogue = null;
  const touched = matchMedia("(pointer: coarse)").matches;

  const search = h("input", {
    type: "search",
    class: "emoji-search",
    "aria-label": t("picker.search"),
    placeholder: t("picker.search"),
    autocomplete: "off",
    enterkeyhint: "done",
  });
  const tone = h("button", { type: "button", class: "emoji-tone", onclick: changeTone });
  const status = h("p", { class: "emoji-status muted quiet", role: "status" });
  const name = h("p", { class: "emoji-name", "aria-hidden": "true" });
  const grid = createEmojiGrid({
    choose: take,
    above: () => search.focus(),
    shown: (emoji, text) => fill(name, h("span", { class: "emoji-preview" }, emoji), text),
    scrolled: mark,
  });
  const tabs = h("div", { class: "emoji-tabs", role: "group", "aria-label": t("picker.kinds") });
  const body = h(
    "div",
    { class: "emoji-picker" },
    h("div", { class: "emoji-head" }, search, tone),
    tabs,
    status,
    grid.root,
    touched ? null : name,
  );
  const popup = openPopup({ label: t("picker.title"), body, at, className: "popup-for-emoji" });
  drawTone();
  if (!touched) search.focus();
  load();

  async function load() {
    fill(status, h("span", { class: "visually-hidden" }, t("loading")));
    try {
      catalogue = await loadEmoji();
    } catch {
      fill(status, t("picker.failed"), " ", h("button", { type: "button", class: "link-button", onclick: load }, t("retry")));
      return;
    }
    const recent = habits.recent.length ? [tab(RECENT, "🕘")] : [];
    fill(tabs, recent, KINDS.map((kind, index) => tab(kind, SIGNS[index])));
    show();
  }

  function tab(kind, sign) {
    const label = t(`picker.${kind}`);
    const open = () => {
      search.value = "";
      show();
      grid.goTo(kind);
    };
    return h(
      "button",
      { type: "button", class: "emoji-tab", "aria-label": label, title: label, dataset: { kind }, onclick: open },
      sign,
    );
  }

  function mark(kind) {
    for (const one of tabs.children) setAttr(one, "aria-current", one.dataset.kind === kind ? "true" : null);
  }

  const inTone = ({ emoji, toned, name: text }) => ({ text: toned ? withTone(emoji, habits.tone) : emoji, name: text });

  function show() {
    if (!catalogue) return;
    const query = search.value.trim();
    const found = query ? catalogue.search(query) : null;
    if (found) {
      setText(status, found.length ? "" : t("picker.nothing"));
      grid.show([{ key: "found", emoji: found.map(inTone) }]);
      return;
    }
    setText(status, "");
    const recent = habits.recent.map((text) => ({ text, name: catalogue.find(text)?.name ?? text }));
    const kinds = catalogue.groups.map((group, index) => ({
      key: KINDS[index],
      title: t(`picker.${KINDS[index]}`),
      emoji: group.map(inTone),
    }));
    grid.show([...(recent.length ? [{ key: RECENT, title: t("picker.recent"), emoji: recent }] : []), ...kinds]);
  }

  function take(emoji) {
    habits = { ...habits, recent: withUsed(habits.recent, emoji) };
    keepEmojiHabits(userId, habits);
    popup.close();
    choose(emoji);
  }

  function changeTone() {
    habits = { ...habits, tone: (habits.tone + 1) % TONES.length };
    keepEmojiHabits(userId, habits);
    drawTone();
    show();
  }

  function drawTone() {
    const label = t("picker.tone", { tone: t(`tone.${habits.tone}`) });
    setText(tone, withTone(HAND, habits.tone));
    setAttr(tone, "aria-label", label);
    setAttr(tone, "title", label);
  }

  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    if (event.key === "ArrowDown") grid.focus();
    else if (isSend(event) && search.value.trim() && grid.first()) take(grid.first());
    else return;
    event.preventDefault();
  });
}
