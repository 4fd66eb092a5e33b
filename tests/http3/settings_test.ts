import { assertEquals } from "@std/assert";
import { Http3Code, Http3Error } from "../../src/http3/http3_error.ts";
import { MAX_SETTINGS_LENGTH } from "../../src/http3/frame_reader.ts";
import {
  type ClientSettings,
  encodeSettings,
  MAX_SETTINGS,
  parseClientSettings,
  SERVER_SETTINGS,
} from "../../src/http3/settings.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { codeOf } from "./errors.ts";

const NOTHING: ClientSettings = {
  takesDatagrams: false,
  takesWebTransport: false,
  takesExtendedConnect: false,
};

/** Payloads of SETTINGS, and what they say. */
const PAYLOADS: readonly (readonly [what: string, hex: string, ClientSettings])[] = [
  ["nothing", "", NOTHING],
  ["what is of no interest", "01 80010000 06 80040000 07 4064", NOTHING],
  ["datagrams", "33 01", { ...NOTHING, takesDatagrams: true }],
  ["no datagrams", "33 00", NOTHING],
  ["datagrams of the draft", "80ffd277 01", { ...NOTHING, takesDatagrams: true }],
  ["both", "80ffd277 01 33 01", { ...NOTHING, takesDatagrams: true }],
  ["extended CONNECT", "08 01", { ...NOTHING, takesExtendedConnect: true }],
  ["draft 02", "ab603742 01", { ...NOTHING, takesWebTransport: true }],
  ["draft 02, not", "ab603742 00", NOTHING],
  ["draft 07", "c0000000c671706a 10", { ...NOTHING, takesWebTransport: true }],
  ["draft 07, as many as can be", "c0000000c671706a ffffffffffffffff", {
    ...NOTHING,
    takesWebTransport: true,
  }],
  ["draft 14", "94e9cd29 01", { ...NOTHING, takesWebTransport: true }],
  ["draft 15", "ac7cf000 01", { ...NOTHING, takesWebTransport: true }],
  ["with what means nothing", "21 ffffffffffffffff fffffffffffffffe 00 ffffffffffffffdf 01 3301", {
    ...NOTHING,
    takesDatagrams: true,
  }],
  ["Chromium", "01 80010000 06 80040000 07 4064 33 01 ab603742 01 c00000070f01f2ab 5234", {
    ...NOTHING,
    takesDatagrams: true,
    takesWebTransport: true,
  }],
];

Deno.test("settings: what clients say", () => {
  for (const [what, hex, said] of PAYLOADS) {
    assertEquals(parseClientSettings(fromHex(hex)), said, what);
  }
});

Deno.test("settings: those of the server", () => {
  const payload = encodeSettings(SERVER_SETTINGS);
  const hex = "0100 0680004000 0700 0801 3301 ab60374201 c0000000c671706a01";
  assertEquals(toHex(payload), hex.replaceAll(" ", ""));
  assertEquals(parseClientSettings(payload), {
    takesDatagrams: true,
    takesWebTransport: true,
    takesExtendedConnect: true,
  });
});

Deno.test("settings: what is wrong", () => {
  const bad: readonly (readonly [what: string, hex: string, code: number])[] = [
    ["twice", "33 01 33 01", Http3Code.settingsError],
    ["twice, unknown", "21 01 08 01 21 02", Http3Code.settingsError],
    ["twice, once longer", "33 01 4033 01", Http3Code.settingsError],
    ...["02", "03", "04", "05"].map((identifier) =>
      ["of HTTP/2", `33 01 ${identifier} 00`, Http3Code.settingsError] as const
    ),
    ...["08", "33", "80ffd277", "ab603742"].flatMap((identifier) =>
      ["02", "ffffffffffffffff"].map((value) =>
        ["no switch", `${identifier} ${value}`, Http3Code.settingsError] as const
      )
    ),
    ["no value", "33", Http3Code.frameError],
    ["half an identifier", "3301 ab60", Http3Code.frameError],
    ["half a value", "3301 06 80", Http3Code.frameError],
  ];
  for (const [what, hex, code] of bad) {
    assertEquals(codeOf(() => parseClientSettings(fromHex(hex))), code, `${what}: ${hex}`);
  }
});

Deno.test("settings: what is cut off is refused, or says less", () => {
  for (const [, hex] of PAYLOADS) {
    const bytes = fromHex(hex);
    for (let length = 0; length < bytes.length; length++) {
      try {
        parseClientSettings(bytes.subarray(0, length));
      } catch (error) {
        if (!(error instanceof Http3Error)) throw error;
        assertEquals(error.code, Http3Code.frameError);
      }
    }
  }
});

Deno.test("settings: as many as may be, and one more", () => {
  const some = (count: number) =>
    encodeSettings(Array.from({ length: count }, (_, at) => [0x1f * at + 0x21, at] as const));
  assertEquals(parseClientSettings(some(MAX_SETTINGS)), NOTHING);
  const code = codeOf(() => parseClientSettings(some(MAX_SETTINGS + 1)));
  assertEquals(code, Http3Code.excessiveLoad);
  assertEquals(some(MAX_SETTINGS).length <= MAX_SETTINGS_LENGTH, true);
});

Deno.test("settings: mutations", () => {
  surviveMutations(
    [...PAYLOADS.map(([, hex]) => fromHex(hex)), encodeSettings(SERVER_SETTINGS)],
    (bytes) => void parseClientSettings(bytes),
    Http3Error,
    { count: 500 },
  );
});
