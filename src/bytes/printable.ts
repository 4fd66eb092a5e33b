/**
 * Control codes, marks that change the direction of text, what has no width, line and paragraph
 * separators, halves of surrogate pairs, and what Unicode has not given a meaning.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, "gu");

/** Nearly all text is so, and quickly told. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * The first character of `text` that cannot be seen, or changes how its neighbours are seen, as
 * Unicode writes it ("U+202E"); `undefined` if there is none.
 */
export function unprintableIn(text: string): string | undefined {
  if (PLAIN.test(text)) return undefined;
  const found = UNPRINTABLE.exec(text)?.[0].codePointAt(0);
  return found === undefined ? undefined : `U+${hex(found, 4).toUpperCase()}`;
}

/** The text with each such character replaced: `escape` writes the one with this code point. */
export function escapeUnprintable(text: string, escape: (codePoint: number) => string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(ALL_UNPRINTABLE, (character) => escape(character.codePointAt(0)!));
}

const NAMED_ESCAPES: ReadonlyMap<number, string> = new Map([[9, "\\t"], [10, "\\n"], [13, "\\r"]]);

/** As string literals of JavaScript write it: `\n`, `\x1b`, `\u2028`, `\u{e0001}`. */
export function literalEscape(codePoint: number): string {
  const named = NAMED_ESCAPES.get(codePoint);
  if (named !== undefined) return named;
  if (codePoint <= 0xff) return `\\x${hex(codePoint, 2)}`;
  return codePoint <= 0xffff ? `\\u${hex(codePoint, 4)}` : `\\u{${hex(codePoint, 5)}}`;
}

/** As JSON writes it, in one or two units of 16 bits. */
export function jsonEscape(codePoint: number): string {
  const text = String.fromCodePoint(codePoint);
  return Array.from({ length: text.length }, (_, at) => `\\u${hex(text.charCodeAt(at), 4)}`)
    .join("");
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
