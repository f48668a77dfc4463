// An open room: its head, its pins, its messages, who is typing, and the composer.

import { fillAnew, h, setText } from "../dom.js";
import { attempt } from "../errors.js";
import { t } from "../i18n.js";
import { typingText } from "../preview.js";
import { createQuoting, emptyQuote, quoteOf } from "../quoted.js";
import { closedBy } from "../rights.js";
import { pathOf } from "../router.js";
import { keepDraft, keepDraftQuote, readDraft, readDraftQuote } from "../storage.js";
import { changeBlock } from "./block.js";
import { createComposer } from "./composer.js";
import { download } from "./download.js";
import { createDropZone } from "./drop.js";
import { numberLine } from "./group_number.js";
import { createMentionSearch } from "./mention_search.js";
import { createMessageActions } from "./message_actions.js";
import { createMessages } from "./messages.js";
import { pickEmoji } from "./pick_emoji.js";
import { askAgain } from "./picture.js";
import { createPins } from "./pins.js";
import { createRoomHead } from "./room_head.js";
import { moveRing } from "./upload_ring.js";

/** Make the view of a room. Returns `{root, roomId, redraw, start(seq, options), goTo(seq), stop}`. */
export function createRoom({ room: given, app, openSheet }) {
  const { store, actions, outbox, router } = app;
  const roomId = given.id;
  const room = () => store.rooms.get(roomId);
  const title = () => store.titleOf(room());
  const goTo = (seq) => messages.goTo(seq);
  const save = (file) => download(app, file);
  const quoting = createQuoting((seq) => store.timeline(roomId).at(seq));
  const answered = readDraftQuote(store.me.id, roomId);

  const head = createRoomHead({ room: given, app, openSheet });
  const typing = h("p", { class: "typing" });
  const messages = createMessages({
    roomId,
    store,
    title: title(),
    history: actions,
    pending: () => outbox.list(roomId).map(quoting),
    welcome,
    seen: (seq) => actions.markRead(roomId, seq),
    missing: () => app.toast(t("messages.missing")),
    context: {
      store,
      online: () => app.connection.online,
      linkTo: (message) => pathOf(room(), message.seq),
      follow: (path) => router.go(path),
      retry: (clientId) => outbox.retry(clientId),
      discard: (clientId) => outbox.remove(clientId),
      showPerson: app.showPerson,
      goTo,
      files: {
        pictures: app.pictures,
        progressOf: app.uploads.progressOf,
        view: openPicture,
        download: save,
        drop: (clientId, key) => outbox.files.dropFile(clientId, key),
      },
    },
  });
  const acting = createMessageActions({
    list: messages.list,
    roomId,
    app,
    compose: {
      reply: (message) => composer.reply(quoteOf(message, store.authorOf(message))),
      edit: (message) => composer.edit(message),
    },
  });
  const pins = createPins({ roomId, app, goTo });
  const composer = createComposer({
    roomId,
    label: t("composer.label", { name: title() }),
    draft: { text: readDraft(store.me.id, roomId), quote: answered && emptyQuote(answered) },
    keepDraft({ text, quote }) {
      if (!room()) return; // nothing is kept of a room that is gone
      keepDraft(store.me.id, store.idOf(roomId), text);
      keepDraftQuote(store.me.id, store.idOf(roomId), quote);
    },
    send({ text, quote, files }) {
      const kept = actions.send(room(), text, quote, files);
      messages.sent();
      return kept;
    },
    edit: (message, text) => attempt(app.toast, () => actions.edit(message, text)),
    lastOwn,
    latest: (message) => store.timeline(roomId).at(message.seq) ?? message,
    typing: () => actions.typing(room()),
    find: createMentionSearch({ roomId, app, found: () => composer.suggest() }),
    pickEmoji: (at, choose) => pickEmoji(app, at, choose),
    authorOf: (quote) => store.authorOf(quote),
    goTo,
    say: app.toast,
  });
  function openPicture(message, file, thumb) {
    const options = { roomId, message, file, opener: thumb.firstChild, download: save };
    return app.parts.open(({ openViewer }) => openViewer(app, options));
  }

  /** Let the draft say again what it answers, if that is still there. */
  async function lookUpAnswered({ seq }) {
    try {
      composer.hear(seq, await actions.find(roomId, seq));
    } catch {
      // until the message is held, its author's name will do
    }
  }

  /** The user's newest message, if it can be edited; null while a newer one is being sent. */
  function lastOwn() {
    if (outbox.list(roomId).length) return null;
    const own = (one) => one.user_id === store.me.id && !one.deleted_at;
    return store.timeline(roomId).messages.findLast(own) ?? null;
  }

  const closed = h("div", { class: "composer-closed", hidden: true });
  const root = h("div", { class: "room-view" }, head.root, pins.root, messages.root, typing, composer.root, closed);
  const drops = createDropZone(root, {
    titleOf: title,
    refused: () => closedText(closedBy(store, room())),
    take: (files) => composer.addFiles(files),
    say: app.toast,
  });
  root.append(drops.root);
  let wasOnline = true;

  /** What did not come without a connection is asked for when that is back. */
  function askForPictures() {
    const { online } = app.connection;
    if (online && !wasOnline) messages.list.querySelectorAll(".picture[data-state=failed]").forEach(askAgain);
    wasOnline = online;
  }

  const stopUploads = app.uploads.subscribe((key, progress) => moveRing(messages.list, key, progress));
  let typingTimer = null;

  /** What an empty room shows besides that it is empty. */
  function welcome() {
    if (room().provisional) return h("p", {}, t("introduction.unseen", { name: title() }));
    return room().kind === "group" && numberLine(room(), app.toast);
  }

  const closedText = (reason) => (reason ? t(`composer.${reason}`) : null);

  function drawComposer() {
    const now = room();
    const reason = closedBy(store, now);
    closed.hidden = !reason;
    composer.root.hidden = Boolean(reason);
    fillAnew(closed, reason, () => [
      Boolean(reason) && h("p", {}, closedText(reason)),
      reason === "blocked" && unblockButton(),
    ]);
  }

  function unblockButton() {
    const unblock = async () => {
      if (!(await changeBlock(app, { id: room().peer.id, name: title(), blocked: true }))) return;
      drawComposer(); // shows it again
      composer.focus();
    };
    return h("button", { type: "button", class: "button", onclick: unblock }, t("block.undo"));
  }

  function drawTyping() {
    clearTimeout(typingTimer);
    const typists = store.typists(roomId);
    setText(typing, typists.length ? typingText(typists, store) : "");
    if (typists.length) typingTimer = setTimeout(drawTyping, 1000);
  }

  return {
    root,
    roomId,
    redraw() {
      if (!room()) return;
      head.redraw();
      drawComposer();
      drawTyping();
      messages.redraw();
      askForPictures();
      acting.redraw();
      composer.redraw();
      pins.redraw();
    },
    goTo,
    /** Show the room, at the message `seq` if one is named; it takes the focus unless that is to stay. */
    start(seq, { focus = true } = {}) {
      head.redraw();
      drawComposer();
      messages.start(seq);
      pins.redraw();
      pins.load();
      if (answered) lookUpAnswered(answered);
      const typesHere = matchMedia("(pointer: fine) and (min-width: 720px)").matches;
      if (focus && typesHere && !closedBy(store, room())) composer.focus();
      else if (focus) head.focus();
      // The list says who the members are and how far each has read; without it usernames will do.
      if (!room().provisional) actions.loadMembers(roomId).catch(() => {});
    },
    stop() {
      clearTimeout(typingTimer);
      acting.stop();
      drops.stop();
      stopUploads();
      messages.stop();
      composer.stop();
    },
  };
}
