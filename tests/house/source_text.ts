/** Sources as text whose comments and strings are known: enough of a parser to check rules on. */

/** An import, or an export from another module. */
export interface ImportStatement {
  readonly specifier: string;
  readonly line: number;
}

/** Keywords behind which a slash begins a regular expression and does not divide. */
const BEFORE_EXPRESSION =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|new|delete|void|throw|await|yield|else|do)$/;

/**
 * TypeScript with the contents of comments, strings and regular expressions replaced by spaces.
 * Quotes stay, and so do positions and lines; code inside a template's `${}` is code.
 */
export function blankText(source: string): string {
  const out = source.split("");
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at++) if (out[at] !== "\n") out[at] = " ";
  };
  /** For each open template substitution, the braces open in it. */
  const substitutions: number[] = [];
  let code = "";
  let at = 0;
  const text = (end: number, margin: number) => {
    blank(at + margin, end - margin);
    at = end;
  };
  const template = () => {
    const { end, substitutes } = templateEnd(source, at + 1);
    blank(at + 1, end - (substitutes ? 2 : 1));
    if (substitutes) substitutions.push(0);
    code += "`";
    at = end;
  };
  while (at < source.length) {
    const character = source[at]!;
    const pair = source.slice(at, at + 2);
    if (pair === "//") {
      text(indexOrEnd(source, "\n", at), 0);
    } else if (pair === "/*") {
      text(indexOrEnd(source, "*/", at + 2) + 2, 0);
    } else if (character === '"' || character === "'") {
      text(stringEnd(source, at), 1);
      code += character;
    } else if (character === "`") {
      template();
    } else if (character === "}" && substitutions.at(-1) === 0) {
      substitutions.pop();
      template();
    } else if (character === "/" && beginsRegex(code)) {
      text(regexEnd(source, at), 0);
      code += ")";
    } else {
      if (substitutions.length > 0) {
        if (character === "{") substitutions[substitutions.length - 1]!++;
        if (character === "}") substitutions[substitutions.length - 1]!--;
      }
      code += character;
      at++;
    }
  }
  return out.join("");
}

/** All imports, type imports, exports from and dynamic imports of a source. */
export function importsOf(source: string, blanked: string): ImportStatement[] {
  const clause = String
    .raw`(?:type\s+)?(?:[\w$]+\s*,\s*)?(?:[\w$]+|\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})`;
  const statement = new RegExp(
    String.raw`(?<![\w$.])(?:(?:import|export)\s*${clause}\s*from|import|import\s*\()\s*(["'])`,
    "g",
  );
  return [...blanked.matchAll(statement)].map((match) => {
    const start = match.index + match[0].length;
    const end = blanked.indexOf(match[1]!, start);
    return { specifier: source.slice(start, end), line: lineAt(source, start) };
  });
}

/** The line, from 1, of a position in a text. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function indexOrEnd(source: string, what: string, from: number): number {
  const index = source.indexOf(what, from);
  return index === -1 ? source.length : index;
}

function stringEnd(source: string, start: number): number {
  let at = start + 1;
  while (at < source.length && source[at] !== source[start]) at += source[at] === "\\" ? 2 : 1;
  return at + 1;
}

function templateEnd(source: string, start: number): { end: number; substitutes: boolean } {
  let at = start;
  while (at < source.length && source[at] !== "`") {
    if (source.startsWith("${", at)) return { end: at + 2, substitutes: true };
    at += source[at] === "\\" ? 2 : 1;
  }
  return { end: at + 1, substitutes: false };
}

function beginsRegex(code: string): boolean {
  const before = code.trimEnd();
  return before === "" || /[(,=:[!&|?{};+\-*%~^<>]$/.test(before) ||
    BEFORE_EXPRESSION.test(before);
}

function regexEnd(source: string, start: number): number {
  let isInClass = false;
  let at = start + 1;
  while (at < source.length && (isInClass || source[at] !== "/")) {
    if (source[at] === "[") isInClass = true;
    if (source[at] === "]") isInClass = false;
    at += source[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}
