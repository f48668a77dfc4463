// The way into a group, however it was copied: its number, a link, or either with text around it.

const DIGITS = 9;
const INVITATION = /#invite=([A-Za-z0-9_-]{1,64})/;
const LINK = /\/r\/(\d{9})(?:\/m\/(\d{1,15}))?(?!\d)/;
const BETWEEN = "[\\s\\-‐-―−.·]"; // what people write between groups of digits
const IN_THREES = new RegExp(`(?<!\\d)\\d{3}(${BETWEEN}?)\\d{3}\\1\\d{3}(?!\\d)`);
const ONLY_DIGITS = new RegExp(`^(?:\\d${BETWEEN}*){${DIGITS}}$`);

/**
 * What a text leads to: `{kind: "invitation", token}`, `{kind: "number", number, seq}` or null. Links
 * are taken from any host: one server has several names.
 */
export function joinCode(text) {
  const plain = withPlainDigits(text).trim();
  const token = INVITATION.exec(plain)?.[1];
  if (token) return { kind: "invitation", token };
  const [, linked, seq] = LINK.exec(plain) ?? [];
  if (linked) return { kind: "number", number: linked, seq: Number(seq) || null };
  const found = IN_THREES.exec(plain)?.[0] ?? (ONLY_DIGITS.test(plain) ? plain : null);
  return found === null ? null : { kind: "number", number: found.replace(/\D/g, ""), seq: null };
}

/** The digits of any script as those of ASCII; letters and signs of full width as narrow ones. */
function withPlainDigits(text) {
  return text.normalize("NFKC").replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0);
    // The ten digits of a script begin at a code that ends in 0 or in 6.
    const low = code & 15;
    const fromNought = low <= 9 && /\p{Nd}/u.test(String.fromCodePoint(code - low));
    return String(fromNought ? low : low - 6);
  });
}
