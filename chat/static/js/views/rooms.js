// The conversation list.

import { fill, h, icon, keyed, setAttr, setText } from "../dom.js";
import { badge, brief, full } from "../format.js";
import { COMPOSE, MORE } from "../icons.js";
import { t } from "../i18n.js";
import { pathOf } from "../router.js";
import { avatar } from "./avatar.js";
import { nameOf } from "../store.js";

/**
 * Make the list, below the view of `requests`; `newChat(tab)` and `profile()` open their dialogs.
 * Returns `{root, focus, redraw}`.
 */
export function createRooms({ store, router, requests, newChat, profile }) {
  const list = h("ul", { class: "rooms", role: "list", tabindex: "-1", "aria-label": t("rooms.label") });
  const empty = emptyState(newChat);
  const me = h("button", { type: "button", class: "me", onclick: profile });
  const root = h(
    "nav",
    { class: "sidebar", "aria-label": t("rooms.label") },
    h(
      "header",
      { class: "sidebar-head" },
      h("p", { class: "sidebar-title" }, t("app.name")),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": t("new.title"),
          title: t("new.title"),
          onclick: () => newChat("direct"),
        },
        icon(COMPOSE),
      ),
    ),
    h("div", { class: "sidebar-list" }, requests.root, list, empty),
    h("footer", { class: "sidebar-foot" }, me),
  );

  function create(room) {
    const link = h(
      "a",
      { class: "room" },
      h("span", { class: "room-avatar" }),
      h("span", { class: "room-name" }, h("bdi"), h("span", { class: "room-muted" })),
      h("time", { class: "room-time" }),
      h("span", { class: "room-preview" }),
      h("span", { class: "badge" }),
    );
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      router.go(new URL(link.href).pathname);
    });
    return h("li", { dataset: { room: room.id } }, link);
  }

  function update(item, room, open) {
    const [link] = item.children;
    const [face, name, time, preview, count] = link.children;
    const muted = name.lastChild;
    const title = store.titleOf(room);
    const unread = store.unread(room);
    const online = room.kind === "direct" && !room.blocked && store.users.get(room.peer?.id)?.online;
    setAttr(link, "href", pathOf(room));
    setAttr(link, "aria-current", room.id === open?.id ? "page" : null);
    link.classList.toggle("has-unread", unread > 0 && !room.muted);
    count.classList.toggle("badge-quiet", room.muted);
    setText(muted, room.blocked ? t("block.on") : room.muted ? t("mute.on") : "");
    const look = `${title} ${online} ${store.faceOf(room).avatar}`;
    if (face.dataset.look !== look) {
      face.dataset.look = look;
      fill(
        face,
        avatar(store.faceOf(room), title, { square: room.kind === "group" }),
        online && h("span", { class: "online-dot" }, h("span", { class: "visually-hidden" }, t("online"))),
      );
    }
    setText(name.firstChild, title);
    const at = room.last_message?.created_at;
    setText(time, at ? brief(at) : "");
    setAttr(time, "datetime", at ? new Date(at).toISOString() : null);
    setAttr(time, "title", at ? full(at) : null);
    setText(preview, previewOf(room));
    preview.classList.toggle("deleted", Boolean(room.last_message?.deleted_at));
    count.hidden = unread === 0;
    const shown = unread ? badge(unread) : "";
    if (count.dataset.shown !== shown) {
      count.dataset.shown = shown;
      fill(
        count,
        h("span", { "aria-hidden": "true" }, shown),
        h("span", { class: "visually-hidden" }, t("unread.count", { count: unread })),
      );
    }
  }

  function previewOf(room) {
    const message = room.last_message;
    if (!message) return t("rooms.no_messages");
    const text = message.deleted_at ? t("message.deleted") : message.data.replace(/\s+/g, " ");
    if (message.user_id === store.me.id) return t("rooms.preview", { name: t("you"), text });
    return room.kind === "group" ? t("rooms.preview", { name: store.authorOf(message), text }) : text;
  }

  return {
    root,
    /** Focus a room by its id; the list where it is not in it. */
    focus(roomId) {
      const link = list.querySelector(`[data-room="${CSS.escape(roomId ?? "")}"] > a`);
      (link ?? (list.hidden ? empty.querySelector("button") : list)).focus();
    },
    redraw(open) {
      const rooms = store.shownRooms(open?.id);
      requests.redraw();
      keyed(list, rooms, (room) => room.id, create, (item, room) => update(item, room, open));
      list.hidden = rooms.length === 0;
      empty.hidden = rooms.length > 0;
      const look = `${nameOf(store.me)} ${store.me.avatar}`;
      if (me.dataset.look !== look) {
        me.dataset.look = look;
        fill(
          me,
          avatar(store.me, nameOf(store.me)),
          h(
            "span",
            { class: "me-names" },
            h("bdi", { class: "me-name" }, nameOf(store.me)),
            h("span", { class: "muted" }, `@${store.me.username}`),
          ),
          h("span", { class: "visually-hidden" }, t("profile.title")),
          icon(MORE),
        );
      }
    },
  };
}

/** What a newcomer can do next. */
function emptyState(newChat) {
  return h(
    "div",
    { class: "empty-list" },
    h("p", {}, t("rooms.empty")),
    ["direct", "create", "join"].map((tab) =>
      h("button", { type: "button", class: "button", onclick: () => newChat(tab) }, t(`new.${tab}`)),
    ),
  );
}
