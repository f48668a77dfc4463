// Bytes on their way to the server. XMLHttpRequest, as fetch does not tell how far it has come.

import { ApiError, answerOf } from "../answer.js";
import { locale } from "../i18n.js";

const STALLED_MS = 30_000; // without a byte moving
const ANSWER_MS = 120_000; // once all are there: a picture waits up to 60 s and is decoded up to 30 s

/** Send bytes; resolves to the answer's data. Throws ApiError, `cancelled` when `signal` says so. */
export function sendBytes(method, path, blob, { token, onProgress = () => {}, signal }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const fail = (code) => reject(new ApiError({ code }));
    let timer;
    const expect = (ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => xhr.abort(), ms);
    };
    xhr.open(method, `/api${path}`);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.setRequestHeader("Accept-Language", locale());
    xhr.setRequestHeader("Content-Type", "application/octet-stream"); // what it is the bytes tell
    xhr.setRequestHeader("Authorization", `Bearer ${token}`);
    xhr.upload.onprogress = ({ loaded, total }) => {
      expect(loaded < total ? STALLED_MS : ANSWER_MS);
      onProgress(total ? loaded / total : 0);
    };
    xhr.onload = () => {
      try {
        resolve(answerOf(xhr.status, xhr.responseText));
      } catch (error) {
        reject(error);
      }
    };
    xhr.onerror = () => fail("network");
    xhr.onabort = () => fail(signal?.aborted ? "cancelled" : "network");
    xhr.onloadend = () => clearTimeout(timer);
    signal?.addEventListener("abort", () => xhr.abort());
    if (signal?.aborted) fail("cancelled");
    else {
      expect(STALLED_MS);
      xhr.send(blob);
    }
  });
}
