// Has the browser keep the page itself, so that it starts without a connection.

const ADDRESS = "/sw.js";

/** The address as browsers with Trusted Types want it; no other one can be made here. */
function trusted(address) {
  if (!globalThis.trustedTypes) return address;
  const createScriptURL = (url) => {
    if (url !== ADDRESS) throw new TypeError(url);
    return url;
  };
  return trustedTypes.createPolicy("chat-worker", { createScriptURL }).createScriptURL(address);
}

/** Register the service worker once the page has loaded; browsers have it on https and localhost alone. */
export function installWorker() {
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  const register = () =>
    navigator.serviceWorker.register(trusted(ADDRESS)).catch(() => {}); // the page works without it
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
