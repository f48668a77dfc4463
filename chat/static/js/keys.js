// What key presses and clicks mean.

export const ON_MAC = /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? "");

/** Keyboards of Android compose every word, also one of Latin letters. */
export const COMPOSES_ALL = /Android/.test(globalThis.navigator?.userAgent ?? "");

/** Whether a key press belongs to a text that is being composed, as Chinese is: then it is not for the page. */
export function isComposing(event) {
  // Safari ends the composition before it reports the Enter: 229 tells it apart.
  return event.isComposing || event.keyCode === 229;
}

/** Whether a key press is Enter meant as "send". */
export function isSend(event) {
  return event.key === "Enter" && !event.shiftKey && !isComposing(event);
}

/** Whether a key press asks to find something in what is shown: Ctrl-F or ⌘-F. */
export function isFind({ key, altKey, ctrlKey, metaKey, shiftKey }) {
  const command = ON_MAC ? metaKey && !ctrlKey : ctrlKey && !metaKey;
  return command && !altKey && !shiftKey && key.toLowerCase() === "f";
}

/** Whether a key is held that makes another key mean something else; Shift is asked for by itself. */
export function hasModifier({ altKey, ctrlKey, metaKey }) {
  return altKey || ctrlKey || metaKey;
}

/** Whether a click on a link is meant to open it in another tab or window, or to save it. */
export function opensElsewhere(event) {
  return hasModifier(event) || event.shiftKey || Boolean(event.button);
}
