import { assertEquals } from "@std/assert";
import type { AudioBody, AudioFrame } from "../../src/flv/audio_body.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { ENHANCED_AUDIO_SAMPLES } from "../fuzz/flv_samples.ts";
import { fromHex, surviveMutations } from "../../testing/mutation.ts";
import { assertMalformed, NoError } from "../../testing/malformed.ts";

const DATA = fromHex("aabb");

const FRAME: AudioFrame = {
  kind: "frame",
  codec: "opus",
  sampleRate: undefined,
  channels: undefined,
  bitsPerSample: undefined,
  timestampOffsetNs: 0,
  data: DATA,
};

/** Packet types with each FourCC (Enhanced RTMP v2, "Enhanced Audio"). */
const TABLE: readonly { name: string; hex: string; audio: AudioBody }[] = [
  ...([
    ["Opus", "opus"],
    ["fLaC", "flac"],
    ["ac-3", "ac3"],
    ["ec-3", "eac3"],
    [".mp3", "mp3"],
    ["mp4a", "aac"],
  ] as const).flatMap(([fourCc, codec]) => {
    const hex = [...fourCc].map((char) => char.charCodeAt(0).toString(16)).join("");
    return [
      {
        name: `${fourCc} configuration`,
        hex: `90 ${hex} aabb`,
        audio: { kind: "configuration", codec, data: DATA },
      },
      { name: `${fourCc} frame`, hex: `91 ${hex} aabb`, audio: { ...FRAME, codec } },
      { name: `${fourCc} without sound`, hex: `91 ${hex}`, audio: { kind: "empty" } },
      { name: `${fourCc} end`, hex: `92 ${hex}`, audio: { kind: "end-of-sequence", codec } },
    ] as const;
  }),
  {
    name: "Opus configuration that says nothing",
    hex: "90 4f707573",
    audio: { kind: "configuration", codec: "opus", data: new Uint8Array(0) },
  },
  {
    name: "channels in no order",
    hex: "94 4f707573 00 06",
    audio: { kind: "channels", codec: "opus", channels: 6, mask: undefined, speakers: undefined },
  },
  {
    name: "channels in native order",
    hex: "94 664c6143 01 06 0000003f",
    audio: { kind: "channels", codec: "flac", channels: 6, mask: 0x3f, speakers: undefined },
  },
  {
    name: "channels in an order of their own",
    hex: "94 61632d33 02 03 0001fe",
    audio: {
      kind: "channels",
      codec: "ac3",
      channels: 3,
      mask: undefined,
      speakers: fromHex("0001fe"),
    },
  },
  { name: "many tracks", hex: "95 11 4f707573 01 000002 aabb", audio: { kind: "multitrack" } },
  { name: "unknown FourCC", hex: "91 76726273", audio: { kind: "unsupported", codecId: "vrbs" } },
  {
    name: "a timestamp's offset",
    hex: "97 02 0f423f 01 4f707573 aabb",
    audio: { ...FRAME, timestampOffsetNs: 999_999 },
  },
  { name: "an unknown modifier", hex: "97 01 eeee 21 4f707573 aabb", audio: FRAME },
];

for (const { name, hex, audio } of TABLE) {
  Deno.test(`Enhanced audio: ${name}`, () => assertEquals(parseAudioBody(fromHex(hex)), audio));
}

Deno.test("Enhanced audio: refused if cut short or undefined", () => {
  const table = [
    ["90", "must not be cut short"],
    ["904f7075", "must not be cut short"],
    ["934f707573aa", "packet type must be 0, 1, 2, 4, 5 or 7, got 3"],
    ["964f707573aa", "got 6"],
    ["9f4f707573aa", "got 15"],
    ["944f707573", "must not be cut short"],
    ["944f707573 01 02 000000", "must not be cut short"],
    ["944f707573 02 02 00", "must not be cut short"],
    ["944f707573 03 02", "channel order must be 0..2, got 3"],
    ["97 00 00 01 4f707573 aa", "timestamp offset must be 3 bytes, got 1"],
  ] as const;
  for (const [hex, message] of table) {
    assertMalformed(parseAudioBody(fromHex(hex)), message, hex);
  }
});

Deno.test("Enhanced audio: every truncation is refused or is another body", () => {
  for (const sample of ENHANCED_AUDIO_SAMPLES) {
    for (let length = 0; length < sample.length; length++) {
      parseAudioBody(sample.subarray(0, length));
    }
  }
});

Deno.test("Enhanced audio survives mutations", () => {
  surviveMutations(ENHANCED_AUDIO_SAMPLES, parseAudioBody, NoError);
});
