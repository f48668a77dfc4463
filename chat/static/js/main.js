// Where the page begins: find the session, or let somebody log in.

import { ApiError } from "./answer.js";
import { createApi, request } from "./api.js";
import { locale, setLocale } from "./i18n.js";
import { forgetStart, keptStart } from "./kept_start.js";
import { lazily } from "./lazy.js";
import { links } from "./link.js";
import { locks } from "./locks.js";
import { Session, isGoodbye } from "./session.js";
import { createStorage, keepLocale, keepsCookies, keptLocale, storage } from "./storage.js";
import { applyKeptTheme } from "./theme.js";
import { createAuth, formAt, leaveForms } from "./views/auth.js";
import { guardDrops } from "./views/drop.js";
import { createSplash } from "./views/splash.js";
import { showTitle } from "./views/title.js";
import { installWorker } from "./worker_client.js";

const AWAY = ["network", "unavailable"]; // what errors are called when the server is not to be reached
const PATIENCE_MS = 4_000; // with a slow network, where there is something to show meanwhile
const NOTES = { expired: "auth.ended", changed: "auth.password_changed", deleted: "auth.deleted" };

const host = document.getElementById("app");
const mailInTerminal = host.dataset.mail === "terminal";
const { registration, domains } = host.dataset; // as the server's settings say

function useLocale(name) {
  setLocale(name);
  document.documentElement.lang = locale() === "zh" ? "zh-Hans" : "en";
}

const cookies = keepsCookies();
const session = new Session({
  request,
  storage: cookies ? storage : createStorage(() => null), // else there is no session to find again
  locks,
  cookies,
});
const api = createApi(session);
const forgetful = !cookies || !storage.kept;
let app = null;

// Most of the page: loaded while somebody types, or while their session is being found again.
const loadApp = () => import("./app.js");
const prepareApp = () => loadApp().catch(() => {}); // `enter` says what is wrong

/** The page of someone who is not logged in. */
function showAuth(mode) {
  const { note, ...state } = history.state ?? {};
  history.replaceState(state, "");
  const canRegister = registration === "open" || links.token("register");
  const invited = canRegister ? "invitation.log_in" : "invitation.log_in_only";
  const auth = createAuth({
    session,
    request,
    mailInTerminal,
    registration,
    domains,
    links,
    mode,
    note: note ?? (links.token("invite") ? invited : null),
    warning: forgetful ? "storage.blocked" : null,
    enter,
    chooseLocale(name) {
      keepLocale(name);
      useLocale(name);
      showTitle({ count: 0 }, "");
    },
  });
  showTitle({ count: 0 }, "");
  host.replaceChildren(auth.root);
  host.addEventListener("input", prepareApp, { once: true });
}

session.onEnded = (reason) => {
  // A fresh page is the surest way to leave nothing of a user behind.
  if (isGoodbye(reason)) links.forget("invite");
  forgetStart();
  const [address, state] = isGoodbye(reason) ? ["/", null] : [location.href, history.state];
  history.replaceState({ ...state, note: NOTES[reason] }, "", address); // said on the log-in page
  location.reload();
};

/**
 * Go on as a user, after a log-in or with the session found again. `rooms` are those that were kept,
 * where the server cannot be reached.
 */
async function enter(user, rooms = null) {
  links.forget("register");
  leaveForms();
  const chosen = keptLocale();
  if (user.locale) {
    useLocale(user.locale);
    keepLocale(user.locale);
  } else if (chosen) {
    api.patch("/users/me", { locale: chosen }).catch(() => {}); // the cookie still knows
  }
  const splash = createSplash();
  host.replaceChildren(splash.root);
  for (;;) {
    try {
      const { createApp } = await lazily(loadApp);
      app ??= createApp({ user, session, api, useLocale, forgetful });
      await app.load(rooms);
      break;
    } catch (error) {
      if (session.over) return;
      const again = (retry) => (error.code === "outdated" ? location.reload() : retry());
      await new Promise((resolve) => splash.fail(error, () => again(resolve)));
      splash.wait();
    }
  }
  app.show();
  if ("worker" in host.dataset) installWorker();
  app.push.start();
}

/** A link was opened in a page that is there already. */
function onHash() {
  const purpose = links.purpose();
  if (purpose === "invite" && app) {
    links.take();
    app.answerInvitation();
  } else if (purpose) location.reload();
}

/**
 * Renew the session; resolves to its user. Throws ApiError, also when no answer has come after
 * `patience` ms (null: however long it takes).
 */
function returning(patience) {
  const found = session.renew().then(() => api.get("/users/me"));
  if (patience === null) return found;
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new ApiError({ code: "network" })), patience);
  });
  return Promise.race([found, late]);
}

async function begin() {
  history.scrollRestoration = "manual";
  guardDrops((text) => app?.toast?.(text));
  // A page that was kept for offline use may be from before a choice.
  useLocale(keptLocale() ?? (document.documentElement.lang.startsWith("zh") ? "zh" : "en"));
  applyKeptTheme();
  addEventListener("hashchange", onHash);
  links.take();
  if (links.token("reset")) return showAuth("link");
  if (!session.remembered) {
    return showAuth(links.token("register") ? "register" : (formAt(location.pathname) ?? "login"));
  }
  prepareApp();
  const splash = createSplash();
  host.replaceChildren(splash.root);
  for (;;) {
    const kept = keptStart(session.userId);
    try {
      return enter(await returning(kept ? PATIENCE_MS : null));
    } catch (error) {
      if (session.over) return undefined; // the page is being loaded again
      if (kept && AWAY.includes(error.code)) return enter(kept.me, kept.rooms);
      await new Promise((resolve) => splash.fail(error, resolve));
      splash.wait();
    }
  }
}

begin();
