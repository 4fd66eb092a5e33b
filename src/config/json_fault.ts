/** Where a text stops being JSON, and why. */
export interface JsonFault {
  /** Both from 1 on. */
  readonly line: number;
  readonly column: number;
  /** What should be there, and the first character of what is: 'expected ":", got "x"'. */
  readonly reason: string;
}

/** White space, and then a text, a number or word, or a sign. */
const TOKEN =
  // deno-lint-ignore no-control-regex
  /[ \t\n\r]*(?:("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/y;
const SPACE = /[ \t\n\r]*/y;

/** What may come next; "first" ones may be the end of an empty object or array as well. */
type Expected = "value" | "first value" | "name" | "first name" | "colon" | "next" | "nothing";

/**
 * Finds the first fault of a text that `JSON.parse` refuses. Of the text itself, no more is told than
 * one character: it may hold a key.
 *
 * @returns `undefined` if there is none
 */
export function jsonFault(text: string): JsonFault | undefined {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  for (let at = 0;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const [, string, plain, sign] = match ?? [];
    const next: Expected | undefined = match === null
      ? undefined
      : following(expected, { string, plain, sign }, open);
    if (next === undefined) {
      SPACE.lastIndex = at;
      const faultAt = at + SPACE.exec(text)![0].length;
      if (faultAt === text.length && expected === "nothing") return undefined;
      return faultAtOffset(text, faultAt, expected, open.at(-1));
    }
    expected = next;
    at = TOKEN.lastIndex;
  }
}

interface Token {
  readonly string: string | undefined;
  readonly plain: string | undefined;
  readonly sign: string | undefined;
}

/** What comes behind a token, which may open or close something; `undefined` if it may not be. */
function following(
  expected: Expected,
  { string, plain, sign }: Token,
  open: ("{" | "[")[],
): Expected | undefined {
  const behindValue = () => open.length === 0 ? "nothing" : "next";
  const isValue = expected === "value" || expected === "first value";
  const isName = expected === "name" || expected === "first name";
  if (isName && string !== undefined) return "colon";
  if (expected === "colon" && sign === ":") return "value";
  if (isValue && (string !== undefined || plain !== undefined)) return behindValue();
  if (isValue && (sign === "{" || sign === "[")) {
    open.push(sign);
    return sign === "{" ? "first name" : "first value";
  }
  if (expected === "next" && sign === ",") return open.at(-1) === "{" ? "name" : "value";
  const mayEnd = expected === "next" || expected === "first name" || expected === "first value";
  if (mayEnd && sign === (open.at(-1) === "{" ? "}" : "]") && open.length > 0) {
    open.pop();
    return behindValue();
  }
  return undefined;
}

function faultAtOffset(
  text: string,
  offset: number,
  expected: Expected,
  inside: "{" | "[" | undefined,
): JsonFault {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - before.lastIndexOf("\n");
  const found = text.slice(offset, offset + 1);
  const isText = found === '"' && (expected.endsWith("value") || expected.endsWith("name"));
  const reason = isText
    ? "the text in quotes is not ended on its line, or has an escape that JSON does not know"
    : `expected ${describe(expected, inside)}, got ${found === "" ? "the end" : shown(found)}`;
  return { line, column, reason };
}

function describe(expected: Expected, inside: "{" | "[" | undefined): string {
  switch (expected) {
    case "value":
      return "a value";
    case "first value":
      return 'a value or "]"';
    case "name":
      return "a name in double quotes";
    case "first name":
      return 'a name in double quotes or "}"';
    case "colon":
      return '":"';
    case "next":
      return inside === "{" ? '"," or "}"' : '"," or "]"';
    case "nothing":
      return "the end";
  }
}

function shown(character: string): string {
  return /[\x21-\x7e]/.test(character) ? JSON.stringify(character) : "another character";
}
