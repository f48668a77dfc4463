// The tab's title and icon say how much is unread, also while the tab is hidden.

import { badge } from "../format.js";
import { siteName } from "../site.js";

let shown = null; // a burst of messages changes neither title nor badge each time

/** Show how many messages call for attention, whether one is mentioned, and the name of what is open. */
export function showTitle({ count: unread, mentioned = false }, name) {
  const icon = document.querySelector('link[rel="icon"]');
  const wanted = unread > 0 ? icon.dataset.unread : icon.dataset.plain;
  if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  const title = name ? `${name} · ${siteName()}` : siteName();
  const whole = unread > 0 ? `(${badge(unread)}) ${mentioned ? "@ " : ""}${title}` : title;
  if (shown === `${unread} ${whole}`) return;
  shown = `${unread} ${whole}`;
  document.title = whole;
  if (unread > 0) navigator.setAppBadge?.(unread).catch(() => {}); // only installed pages have one
  else navigator.clearAppBadge?.().catch(() => {});
}
