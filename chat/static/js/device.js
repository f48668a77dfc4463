// What a browser calls itself, in words a person knows.

const BROWSERS = [
  ["Edge", /\bEdg(e|A|iOS)?\//],
  ["Opera", /\bOPR\//],
  ["Firefox", /\b(Firefox|FxiOS)\//],
  ["Chrome", /(Chrome|CriOS)\//], // all of those above but Firefox call themselves this too
  ["Safari", /\bAppleWebKit\/.*\b(Version|Safari)\//],
];
const SYSTEMS = [
  ["Android", /\bAndroid\b/],
  ["iOS", /\b(iPhone|iPad|iPod)\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMacintosh\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
];

/** Browser and system of a User-Agent, such as "Firefox · Windows"; empty when it is no browser. */
export function deviceName(agent) {
  const find = (known) => known.find(([, pattern]) => pattern.test(agent))?.[0];
  const browser = find(BROWSERS);
  if (!browser) return "";
  return [browser, find(SYSTEMS)].filter(Boolean).join(" · ");
}

/** Whether this is iOS in a tab of the browser: only what stands on the home screen may notify. */
export const needsHomeScreen = globalThis.navigator?.standalone === false;
