// Files that somebody chose: read, measured, kept for their room until they are sent.

import { t } from "../i18n.js";
import { PICTURE_TYPES, problemOf } from "./kinds.js";

export const MOST_FILES = 10; // in one message

const kept = new Map(); // room id -> files that are not sent yet, while this page is open
let count = 0;

/** The files chosen for a room, `[{key, name, type, size, width, height, blob}]`. */
export function chosenFor(roomId) {
  return kept.get(roomId) ?? [];
}

export function keepChosen(roomId, files) {
  if (files.length) kept.set(roomId, files);
  else kept.delete(roomId);
}

/** What a picture measures as it is shown, turned as its camera says; null for what is none. */
async function measure(blob) {
  if (!PICTURE_TYPES.includes(blob.type)) return null;
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return null; // broken, or none that this browser knows: a file like any other
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * Take chosen files: resolves to `{files, problems}`, the latter in words. `room` is how many more
 * may be taken.
 */
export async function takeFiles(given, room) {
  const problems = given.map(problemOf).filter(Boolean);
  const good = given.filter((file) => !problemOf(file));
  if (good.length > room) problems.push(t("files.too_many", { count: MOST_FILES }));
  const files = await Promise.all(
    good.slice(0, room).map(async (blob) => {
      count += 1;
      const key = `${Date.now().toString(36)}-${count}-${Math.random().toString(36).slice(2, 8)}`;
      const { width = null, height = null } = (await measure(blob)) ?? {};
      return { key, name: blob.name, type: blob.type, size: blob.size, width, height, blob, id: null };
    }),
  );
  return { files, problems };
}
