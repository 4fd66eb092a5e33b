import { assert, assertEquals } from "@std/assert";
import { chooseMedia, describeMismatches } from "../../src/webrtc/sdp/media_choice.ts";
import { settleSection } from "../../src/webrtc/sdp/answered_section.ts";
import { bundleTag, writeSdpAnswer } from "../../src/webrtc/sdp/answer.ts";
import { MAX_SDP_FORMATS, MAX_SDP_SECTIONS, splitSdp } from "../../src/webrtc/sdp/lines.ts";
import { parseSdpOffer } from "../../src/webrtc/sdp/offer.ts";
import {
  parseTrickleFragment,
  writeTrickleFragment,
} from "../../src/webrtc/sdp/trickle_fragment.ts";
import { WebrtcError } from "../../src/webrtc/webrtc_error.ts";
import { NAMES, TRANSPORT } from "../../testing/webrtc/answers.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** With what each offer of the corpus has in common. */
const STREAM = {
  audio: { codec: "opus", channels: 2 },
  video: { codec: "h264", profileIdc: 0x64, profileCompatibility: 0, levelIdc: 40 },
} as const;

/** Kinds of feedback that answers can take up. */
const MAX_FEEDBACK = 5;

const TEXTS = Object.values(OFFERS).filter((text) => text !== OFFERS.firefoxWithoutH264);

/** An edit is an operation, two lines by their numbers, and how often or what with. */
const EDIT_SIZE = 6;
const MAX_EDITS = 64;

/** Offers of browsers whose lines are left out, repeated, exchanged and mixed, as inputs say. */
export const OFFER_TARGETS: readonly FuzzTarget[] = [
  {
    name: "sdp-offer-lines",
    corpus: [
      ...TEXTS.map((_, at) => Uint8Array.of(at)),
      // Edits that change nothing: lines that take their own place.
      Uint8Array.of(0, 1, 0, 3, 0, 3, 0, 1, 0, 90, 0, 90, 0),
    ],
    allowed: WebrtcError,
    run: (bytes) => answerAll(editedOffer(bytes)),
  },
];

/** The offer that an input stands for: its first byte names a browser's, the others edit that. */
function editedOffer(bytes: Uint8Array): string {
  const lines = TEXTS[(bytes[0] ?? 0) % TEXTS.length]!.trimEnd().split("\r\n");
  for (let at = 1; at + EDIT_SIZE <= bytes.length && at <= MAX_EDITS * EDIT_SIZE; at += EDIT_SIZE) {
    const [operation, ...rest] = bytes.subarray(at, at + EDIT_SIZE);
    const from = (rest[0]! * 256 + rest[1]!) % lines.length;
    const to = (rest[2]! * 256 + rest[3]!) % lines.length;
    edit(lines, operation!, { from, to, count: rest[4]! });
  }
  return lines.join("\r\n") + "\r\n";
}

function edit(
  lines: string[],
  operation: number,
  { from, to, count }: { readonly from: number; readonly to: number; readonly count: number },
): void {
  const line = lines[from]!;
  switch (operation % 8) {
    case 0:
      if (lines.length > 1) lines.splice(from, 1);
      return;
    case 1:
      [lines[from], lines[to]] = [lines[to]!, line];
      return;
    case 2:
      lines.splice(to, 0, ...Array(count).fill(line));
      return;
    case 3:
      lines.splice(to, 0, ...lines.slice(from, from + count));
      return;
    case 4:
      lines[from] = line.replace(/\d+/, `${count}`);
      return;
    case 5:
      lines[from] = line.replace(/:\d+ /, ":* ");
      return;
    case 6:
      lines[from] = line.slice(0, line.indexOf(":") + 1) +
        lines[to]!.slice(lines[to]!.indexOf(":") + 1);
      return;
    default:
      lines[from] = line + ` ${lines[to]}`.repeat(count % 8);
  }
}

/** Answers the offer and its restart; nothing of it may become a line, or grow with a product. */
function answerAll(text: string): void {
  const offer = parseSdpOffer(text);
  assert(offer.sections.length <= MAX_SDP_SECTIONS);
  for (const { codecs, formats } of offer.sections) {
    assert(formats.length <= MAX_SDP_FORMATS && codecs.length <= formats.length);
    assert(codecs.every(({ feedback }) => feedback.length <= MAX_FEEDBACK));
  }
  const choice = chooseMedia(offer, STREAM);
  if (choice.kind === "mismatch") {
    assert(describeMismatches(choice.mismatches).length <= 2 * text.length + 400);
    return;
  }
  const sections = [choice.audio, choice.video].filter((chosen) => chosen !== undefined)
    .map((chosen, index) => settleSection(chosen, { ssrc: index + 1, rtxSsrc: index + 9 }));
  const answer = writeSdpAnswer(offer, sections, TRANSPORT, NAMES);
  assertEquals(splitSdp(answer).media.length, offer.sections.length);
  assertEquals(answer.match(/^a=sendonly\r$/gm)?.length, sections.length);
  const tag = bundleTag(offer, sections);
  assert(JSON.stringify(tag).length < 1024);
  const fragment = parseTrickleFragment(writeTrickleFragment(TRANSPORT, tag));
  assertEquals(fragment.ufrag, TRANSPORT.local.ufrag);
}
