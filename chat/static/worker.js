// The service worker: keeps the page of one version, and answers with it where the server does not.
// The server writes `const SHELL = {version, files, icon, badge}` before it. Nothing of the API passes
// through here. It also shows the messages that are pushed while no page is looked at.

const PREFIX = "chat-page-";
const CACHE = PREFIX + SHELL.version;
const PAGE = "/";
const PATIENCE_MS = 4_000;

/** Whether an answer is a file of the version that was asked for: the server says so of no other. */
const isOfVersion = (response) => response.ok && Boolean(response.headers.get("Cache-Control")?.includes("immutable"));

async function keepFile(address) {
  const response = await fetch(address);
  if (!isOfVersion(response)) throw new Error(`${address} is of another version`);
  const cache = await caches.open(CACHE);
  await cache.put(address, response);
}

async function keepAll() {
  await Promise.all(SHELL.files.map(keepFile));
  const page = await fetch(PAGE);
  // Otherwise the server was updated at this moment: the browser tries again later.
  if (!(await keepPage(page))) throw new Error("the page is of another version");
}

/** Keep the page if its files are the ones that are kept; resolves to whether it was. */
async function keepPage(response) {
  const isPage = response.ok && response.headers.get("Content-Type")?.startsWith("text/html");
  if (!isPage || !(await response.clone().text()).includes(`/static/${SHELL.version}/`)) return false;
  const cache = await caches.open(CACHE);
  await cache.put(PAGE, response);
  return true;
}

/** Drop all versions but this one and the last one before it: an open page may still ask for a chunk of that. */
async function dropOldCaches() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

const late = () => new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, new Error("late")));
const kept = (request) => caches.match(request, { ignoreVary: true });

/** The server's page, which names the files of its own version; else the kept one. */
async function answerPage(event) {
  const asked = fetch(event.request);
  try {
    const response = await Promise.race([asked, late()]);
    if (response.status < 500) {
      event.waitUntil(keepPage(response.clone()).catch(() => {})); // in the language chosen since
      return response;
    }
  } catch {
    // no connection, or a very slow one
  }
  const cache = await caches.open(CACHE);
  return (await cache.match(PAGE, { ignoreVary: true })) ?? asked;
}

/** A kept file; what is asked for beside the bundle, such as the emoji, is kept from then on. */
async function answerFile(event) {
  const found = await kept(event.request);
  if (found) return found;
  const response = await fetch(event.request);
  if (isOfVersion(response) && event.request.url.includes(`/static/${SHELL.version}/`)) {
    const copy = response.clone();
    event.waitUntil(caches.open(CACHE).then((cache) => cache.put(event.request, copy)));
  }
  return response;
}

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting())); // what was kept before stays for open pages
});

self.addEventListener("activate", (event) => event.waitUntil(dropOldCaches()));

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(answerPage(event));
  else if (pathname.startsWith("/static/") || pathname === "/logo") {
    event.respondWith(answerFile(event));
  }
});

const TEXTS = {
  en: {
    news: (count) => (count > 1 ? `${count} new messages` : "New message"),
    files: (count) => (count > 1 ? `${count} files` : "File"),
  },
  zh: {
    news: (count) => (count > 1 ? `${count} 条新消息` : "有新消息"),
    files: (count) => (count > 1 ? `[${count} 个文件]` : "[文件]"),
  },
};

/** The language and the title of the page that is kept. */
async function describePage() {
  const page = await caches.match(PAGE, { ignoreVary: true });
  const html = (await page?.text()) ?? "";
  const language = /<html lang="([a-z]+)/.exec(html)?.[1] ?? self.navigator.language;
  const title = /<title>([^<]*)/.exec(html)?.[1] ?? "";
  return { texts: language.startsWith("zh") ? TEXTS.zh : TEXTS.en, title };
}

const windowsOfPage = () => clients.matchAll({ type: "window", includeUncontrolled: true });

/** Show a message: its text if the person wants that, else only that there is one. */
async function showMessage({ room_id, seq, kind, sender, room, text, files = 0, unread = 1 }) {
  const { texts, title } = await describePage();
  const options = {
    tag: room_id, // one notification a room
    data: { room_id, seq },
    icon: SHELL.icon,
    badge: SHELL.badge,
    body: texts.news(unread),
  };
  if (sender === undefined) return self.registration.showNotification(title, options);
  const said = text || (files ? texts.files(files) : options.body);
  options.body = kind === "group" ? `${sender}: ${said}` : said;
  return self.registration.showNotification(kind === "group" ? room : sender, options);
}

async function hearPush(data) {
  const pages = await windowsOfPage();
  if (pages.some(({ focused }) => focused)) return; // it is on the page already
  await showMessage(data);
}

/** Show the message in a page that is open, else open one. */
async function openMessage({ room_id, seq }) {
  const [page] = await windowsOfPage();
  if (!page) {
    await clients.openWindow(`/d/${room_id}/m/${seq}`);
    return;
  }
  page.postMessage({ type: "message_opened", room_id, seq });
  await page.focus();
}

self.addEventListener("push", (event) => event.waitUntil(hearPush(event.data.json())));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openMessage(event.notification.data));
});

/** Only a page can tell the server: with none open, the next one does when it starts. */
self.addEventListener("pushsubscriptionchange", (event) => {
  const tell = (pages) => pages[0]?.postMessage({ type: "subscription_changed" });
  event.waitUntil(windowsOfPage().then(tell));
});
