import { assertEquals } from "@std/assert";
import {
  escapeUnprintable,
  jsonEscape,
  literalEscape,
  unprintableIn,
} from "../../src/bytes/printable.ts";

/** Each with how Unicode, JavaScript and JSON write it. */
const UNPRINTABLE:
  readonly (readonly [character: string, name: string, literal: string, json: string])[] = [
    ["\0", "U+0000", "\\x00", "\\u0000"],
    ["\n", "U+000A", "\\n", "\\u000a"],
    ["\x1b", "U+001B", "\\x1b", "\\u001b"],
    ["\x7f", "U+007F", "\\x7f", "\\u007f"],
    ["\x9b", "U+009B", "\\x9b", "\\u009b"],
    ["\xad", "U+00AD", "\\xad", "\\u00ad"],
    ["\u061c", "U+061C", "\\u061c", "\\u061c"],
    ["\u200b", "U+200B", "\\u200b", "\\u200b"],
    ["\u2028", "U+2028", "\\u2028", "\\u2028"],
    ["\u2029", "U+2029", "\\u2029", "\\u2029"],
    ["\u202e", "U+202E", "\\u202e", "\\u202e"],
    ["\u2066", "U+2066", "\\u2066", "\\u2066"],
    ["\u3164", "U+3164", "\\u3164", "\\u3164"],
    ["\ud800", "U+D800", "\\ud800", "\\ud800"],
    ["\udfff", "U+DFFF", "\\udfff", "\\udfff"],
    ["\ufeff", "U+FEFF", "\\ufeff", "\\ufeff"],
    ["\uffff", "U+FFFF", "\\uffff", "\\uffff"],
    ["\u{e0001}", "U+E0001", "\\u{e0001}", "\\udb40\\udc01"],
  ];

Deno.test("unprintableIn: what cannot be seen is named, the first of it", () => {
  for (const [character, name] of UNPRINTABLE) {
    assertEquals(unprintableIn(`a${character}b`), name);
    assertEquals(unprintableIn(`été ${character}${character}`), name);
  }
});

Deno.test("unprintableIn: text in any script is printable", () => {
  for (
    const text of ["", "live/test", "a b", "\xa0", "été", "Kanal-ü", "直播", "канал", "😀", "قناة"]
  ) {
    assertEquals(unprintableIn(text), undefined);
    assertEquals(escapeUnprintable(text, literalEscape), text);
  }
});

Deno.test("escapeUnprintable: as JavaScript or JSON writes it, and nothing else", () => {
  for (const [character, , literal, json] of UNPRINTABLE) {
    assertEquals(escapeUnprintable(`é${character}😀`, literalEscape), `é${literal}😀`);
    assertEquals(escapeUnprintable(`é${character}😀`, jsonEscape), `é${json}😀`);
    assertEquals(JSON.parse(`"${json}"`), character);
  }
});
