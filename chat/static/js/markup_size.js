// How many elements a text takes that is drawn with its format (views/formatted.js).

const CODE = 10; // a block with its head and its button
const MENTION = 2;
const ITEM = 3;
const HOST = 2;

/** Count the elements that blocks of markup.js take. */
export function elementsOf(blocks) {
  return sum(blocks, ofBlock);
}

function sum(all, count) {
  return all.reduce((total, one) => total + count(one), 0);
}

function ofBlock({ type, items, children }) {
  if (type === "code") return CODE;
  if (type === "list") return 1 + sum(items, (item) => ITEM + sum(item.children, ofNode));
  return 1 + sum(children, type === "quote" ? ofBlock : ofNode);
}

function ofNode({ type, children, host }) {
  if (type === "text") return 0;
  if (type === "mention") return MENTION;
  return 1 + (host ? HOST : 0) + sum(children ?? [], ofNode);
}
