import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceName } from "../../../chat/static/js/device.js";

const KIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

test("browsers and systems are named as people call them", () => {
  const names = {
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/140.0.0.0 Safari/537.36`]: "Chrome · Windows",
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`]: "Edge · Windows",
    [`Mozilla/5.0 (Linux; Android 10; K) ${KIT} Chrome/140.0.0.0 Mobile Safari/537.36`]: "Chrome · Android",
    [`Mozilla/5.0 (X11; Linux x86_64) ${KIT} HeadlessChrome/140.0.0.0 Safari/537.36`]: "Chrome · Linux",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox · Linux",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":
      "Safari · iOS",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":
      "Safari · macOS",
  };
  for (const [agent, name] of Object.entries(names)) assert.equal(deviceName(agent), name);
});

test("what is no browser has no such name", () => {
  for (const agent of ["", "python-requests/2.32", "curl/8.5.0"]) assert.equal(deviceName(agent), "");
});
