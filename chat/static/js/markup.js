// How a message is formatted: its text as a small tree. Blocks are found line by line, as people write
// messages, not documents; what stands inside a line is told apart by the tokens of `marked`. HTML,
// headings, tables and images stay text.

import { Lexer, Tokenizer } from "../vendor/marked.esm-18.2.1.js";
import { hiddenHost, linkify } from "./linkify.js";
import { elementsOf } from "./markup_size.js";
import { mentionsIn } from "./mentions.js";

const DEEPEST = 6; // emphasis in emphasis, a quote in a quote
const MOST_MARKS = 200; // of one text: marked may look through all of it once for each
const MOST_ELEMENTS = 300; // of one message: a page shows many
const NONE = [];

/**
 * Parse a text into blocks: `{type: "text", children}`, `{type: "code", text, language}`,
 * `{type: "quote", children: blocks}`, `{type: "list", items: [{mark, depth, children}]}`. Children
 * are `{type: "text" | "code" | "mention", text}`, `{type: "link", href, children, host}` (a host
 * where the text does not say it), and `{type: "strong" | "em" | "del", children}`. A text that would
 * take too many elements keeps its links alone, or nothing.
 */
export function parse(text) {
  const whole = text.replace(/\r\n?/g, "\n");
  const isFit = (blocks) => elementsOf(blocks) <= MOST_ELEMENTS;
  const blocks = blocksOf(whole, 0);
  if (isFit(blocks)) return blocks;
  const plain = joined([whole]);
  const linked = [{ type: "text", children: unmarked(plain) }];
  return isFit(linked) ? linked : [{ type: "text", children: [{ type: "text", text: plain }] }];
}

/** What a text says without its marks, for where nothing is formatted: previews, notifications. */
export function plainText(text) {
  return textOfBlocks(parse(text));
}

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[ \t]*$/;
const TIGHT_CODE = /^```([^`\n]*\n[^`]*[^`\s])```$/; // no line of its own for the last fence
const QUOTE = /^ {0,3}>(?=$|[ \p{L}])/u; // not `>_<`, `>>> print()` or `>100`
const ITEM = /^([ \t]*)([-*•]|\d{1,3}[.)])[ \t]+(?=\S)/;
const RULE = /^[-*•\s]+$/; // `* * *` lists nothing

function blocksOf(text, depth) {
  const tight = TIGHT_CODE.exec(text.trim());
  if (tight) return [{ type: "code", language: "", text: tight[1].replace(/^\n/, "") }];
  const lines = text.split("\n");
  const blocks = [];
  const unclosed = {};
  let plain = [];
  const flush = () => {
    if (plain.some((line) => line.trim())) blocks.push({ type: "text", children: inline(joined(plain)) });
    plain = [];
  };
  for (let at = 0; at < lines.length; ) {
    const found = codeAt(lines, at, unclosed) ?? quoteAt(lines, at, depth) ?? listAt(lines, at);
    if (found) {
      flush();
      blocks.push(found.block);
      at = found.end;
    } else {
      plain.push(lines[at]);
      at += 1;
    }
  }
  flush();
  return blocks;
}

/** Lines of text between other blocks: those around it make the distance. */
function joined(lines) {
  return lines.join("\n").replace(/^(?:[ \t]*\n)+|\s+$/g, "");
}

/**
 * A block of code that begins there. `unclosed` remembers for one text, by kind of fence, the length
 * that nothing below closes: one as long or longer is not looked for again.
 */
function codeAt(lines, at, unclosed) {
  const [, fence, language] = FENCE.exec(lines[at]) ?? NONE;
  if (!fence || fence.length >= unclosed[fence[0]]) return null;
  const closes = (line) => {
    const end = line.trim();
    return end.length >= fence.length && end === fence[0].repeat(end.length);
  };
  let end = at + 1;
  while (end < lines.length && !closes(lines[end])) end += 1;
  if (end === lines.length) {
    unclosed[fence[0]] = fence.length; // what was typed stays
    return null;
  }
  return { block: { type: "code", language, text: lines.slice(at + 1, end).join("\n") }, end: end + 1 };
}

function quoteAt(lines, at, depth) {
  if (depth >= DEEPEST) return null;
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  if (end === at) return null;
  const inside = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ""));
  return { block: { type: "quote", children: blocksOf(inside.join("\n"), depth + 1) }, end };
}

function listAt(lines, at) {
  const items = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const line = lines[end];
    const [start, indent, mark] = ITEM.exec(line) ?? NONE;
    if (mark && !RULE.test(line)) {
      const depth = Math.min(3, Math.floor(indent.replaceAll("\t", "    ").length / 2));
      items.push({ mark, depth, lines: [line.slice(start.length)] });
    } else if (items.length && /^ {2,}\S/.test(line) && !FENCE.test(line)) {
      items[items.length - 1].lines.push(line.trimStart());
    } else break;
  }
  if (!items.length) return null;
  const made = items.map(({ mark, depth, lines: own }) => ({ mark, depth, children: inline(own.join("\n")) }));
  return { block: { type: "list", items: made }, end };
}

const IN_FACE = /[^\s\p{L}\p{N}\p{Ps}\p{Pi}"'*~，。：]/u; // ^_^ >_< -_- ¯\_(ツ)_/¯

/** The tokens of marked that messages have; everything else is text. */
class MessageTokenizer extends Tokenizer {
  depth = 0;

  escape(source) {
    return /^\\[*`~[]/.test(source) ? super.escape(source) : undefined; // ¯\_(ツ)_/¯ keeps its arm
  }

  emStrong(source, masked, previous) {
    // 2*3*4: an asterisk between letters or digits opens nothing, as an underscore does not
    if (/^\*+[a-z0-9]/i.test(source) && /[a-z0-9]/i.test(previous)) return undefined;
    if (source[0] === previous) return undefined; // the rest of a run that opened nothing
    if (source[0] === "_" && IN_FACE.test(previous)) return undefined;
    return this.nested(() => super.emStrong(source, masked, previous));
  }

  del(source, masked, previous) {
    if (!/^~~(?!~)/.test(source)) return undefined;
    return this.nested(() => super.del(source, masked, previous));
  }

  link(source) {
    const token = this.nested(() => super.link(source));
    return source.startsWith("!") && token ? { type: "text", raw: token.raw, text: token.raw } : token;
  }

  nested(tokenize) {
    if (this.depth >= DEEPEST) return undefined;
    this.depth += 1;
    try {
      return tokenize();
    } finally {
      this.depth -= 1;
    }
  }
}

for (const name of ["tag", "reflink", "br", "autolink", "url"]) {
  MessageTokenizer.prototype[name] = () => undefined;
}

/** Parse the text of a block into its inline nodes. With very many marks it goes line by line, if at all. */
function inline(text) {
  const marks = text.match(/[*_~`[\\]/g)?.length ?? 0;
  if (marks > MOST_MARKS && text.includes("\n")) return merged(text.split(/(\n)/).flatMap(inline));
  if (!marks || marks > MOST_MARKS) return unmarked(text);
  const { source, kept } = protect(text, { marked: true });
  let tokens;
  try {
    const options = { gfm: true, tokenizer: new MessageTokenizer() };
    tokens = new Lexer(options).inlineTokens(source);
  } catch {
    return leaves(source, kept); // more than the lexer can hold: it is text
  }
  return nodesOf(tokens, kept);
}

/** The inline nodes of a text whose marks say nothing: its links and mentions. */
function unmarked(text) {
  const { source, kept } = protect(text, { marked: false });
  return leaves(source, kept);
}

// What Chinese, Japanese and Korean are written with. Quotation marks and dashes are theirs, too.
const CJK = "\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\u3000-\\u303f\\uff00-\\uffef‘’“”…—";
const RUN = new RegExp(`(?<before>[^\\s*])?(?<run>\\*+|~~)(?<after>[^\\s*])?`, "gu");
const IS_CJK = new RegExp(`[${CJK}]`, "u");
const PUNCTUATION = /[\p{P}\p{S}]/u;
const SYNTAX = /[[\]()`\\_~*]/;

/**
 * Replace what marked must not look into by one character each, of those for private use that the
 * text has not: addresses, and punctuation beside the marks of emphasis in Chinese. There words have
 * no spaces between them, so the rules by which marks open and close (CommonMark's) would fail.
 * `kept` maps the characters to what they stand for.
 */
function protect(text, { marked }) {
  const kept = new Map();
  let next = 0xe000;
  const keep = (value) => {
    while (next < 0xf900 && text.includes(String.fromCharCode(next))) next += 1;
    if (next >= 0xf900) return value.text;
    const sign = String.fromCharCode(next);
    kept.set(sign, value);
    next += 1;
    return sign;
  };
  const linked = linkify(text).map((piece) => (piece.href ? keep(piece) : piece.text));
  const source = linked.join("");
  if (!marked) return { source, kept };
  const named = source.replace(/__+/g, (run) => keep({ text: run })); // __init__ is a name
  return { source: soften(named, keep), kept };
}

/** Let punctuation beside emphasis count as a letter where one of its neighbours is Chinese. */
function soften(source, keep) {
  const soft = new Set();
  for (const { index, groups } of source.matchAll(RUN)) {
    const { before = "", run, after = "" } = groups;
    if (!IS_CJK.test(before) && !IS_CJK.test(after)) continue;
    if (PUNCTUATION.test(before) && !SYNTAX.test(before)) soft.add(index);
    if (PUNCTUATION.test(after) && !SYNTAX.test(after)) soft.add(index + before.length + run.length);
  }
  if (!soft.size) return source;
  let at = 0;
  let result = "";
  for (const char of source) {
    result += soft.has(at) ? keep({ text: char }) : char;
    at += char.length;
  }
  return result;
}

function nodesOf(tokens, kept) {
  return merged(tokens.flatMap((token) => nodeOf(token, kept)));
}

function nodeOf(token, kept) {
  if (["strong", "em", "del"].includes(token.type)) {
    return [{ type: token.type, children: nodesOf(token.tokens, kept) }];
  }
  if (token.type === "codespan") return [{ type: "code", text: restored(codeOf(token.raw), kept) }];
  if (token.type === "escape") return leaves(token.raw.slice(1), kept);
  if (token.type === "link") return namedLink(token, kept);
  return leaves(token.raw, kept);
}

/** The code between backticks, without the one space on each side that keeps it off them. */
function codeOf(raw) {
  const [ticks] = /^`+/.exec(raw);
  const code = raw.slice(ticks.length, -ticks.length);
  return /^ .*[^ ].* $/s.test(code) ? code.slice(1, -1) : code;
}

/** `[text](address)`: it says which host is behind it, unless its text does. */
function namedLink(token, kept) {
  const target = kept.get(token.href);
  const isPlain = target?.href && !token.title && token.raw.endsWith(`](${token.href})`);
  if (!isPlain) return leaves(token.raw, kept);
  const children = nodesOf(token.tokens, kept).flatMap(withoutLinks);
  const { host, pathname } = new URL(target.href);
  const name = host || pathname; // of a mail address
  const says = textOf(children).trim().toLowerCase();
  const isSaid = says === name || (says === target.text.toLowerCase() && !hiddenHost(target));
  return [{ type: "link", href: target.href, children, host: isSaid ? "" : name }];
}

function withoutLinks(node) {
  if (node.type === "link") return node.children.flatMap(withoutLinks);
  if (node.type === "mention") return [{ type: "text", text: node.text }];
  return node.children ? [{ ...node, children: node.children.flatMap(withoutLinks) }] : [node];
}

/** Text with what was kept put back: links and mentions become nodes of their own. */
function leaves(source, kept) {
  const nodes = [];
  let text = "";
  const flush = () => {
    nodes.push(...mentionsOf(text));
    text = "";
  };
  for (const char of source) {
    const value = kept.get(char);
    if (value?.href) {
      flush();
      nodes.push({ type: "link", href: value.href, children: [{ type: "text", text: value.text }], host: hiddenHost(value) });
    } else text += value ? value.text : char;
  }
  flush();
  return merged(nodes);
}

function mentionsOf(text) {
  const nodes = [];
  let end = 0;
  for (const { 0: name, index } of mentionsIn(text)) {
    nodes.push({ type: "text", text: text.slice(end, index) }, { type: "mention", text: name });
    end = index + name.length;
  }
  nodes.push({ type: "text", text: text.slice(end) });
  return nodes;
}

function restored(source, kept) {
  return kept.size ? Array.from(source, (char) => kept.get(char)?.text ?? char).join("") : source;
}

/** Join neighbouring pieces of text and drop empty ones. */
function merged(nodes) {
  const result = [];
  for (const node of nodes) {
    const last = result[result.length - 1];
    if (node.type === "text" && !node.text) continue;
    if (node.type === "text" && last?.type === "text") result[result.length - 1] = { type: "text", text: last.text + node.text };
    else result.push(node);
  }
  return result;
}

const TURNS = /[\u202a-\u202e\u2066-\u2069]/g; // what stands behind them could be read backwards

/** The text of inline nodes. */
export function textOf(nodes) {
  return nodes
    .map(({ text, children, host }) => {
      if (!children) return text;
      return host ? `${textOf(children).replace(TURNS, "")} (${host})` : textOf(children);
    })
    .join("");
}

function textOfBlocks(blocks) {
  return blocks.map(textOfBlock).join("\n");
}

function textOfBlock(block) {
  if (block.type === "code") return block.text;
  if (block.type === "quote") return textOfBlocks(block.children);
  if (block.type === "list") {
    return block.items.map(({ mark, children }) => `${markOf(mark)} ${textOf(children)}`).join("\n");
  }
  return textOf(block.children);
}

/** How the mark of an item is shown: numbers as they were typed. */
export function markOf(mark) {
  return /\d/.test(mark) ? mark : "•";
}
