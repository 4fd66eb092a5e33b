import { assertEquals } from "@std/assert";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { packRedundant } from "../../src/rtp/opus_red.ts";
import { RTP_HEADER_SIZE, writeRtpHeader } from "../../src/rtp/packet.ts";
import { AUDIO_SSRC, AUDIO_TRACK, AUDIO_TYPE, optionsFor } from "./simulated_publisher.ts";

const RED_TYPE = 63;
const SOUND_MS = 20;
const FRAME_TICKS = 960;

/** The packet of sound with this number, and the `earlier` ones before it once more. */
function packet(number: number, earlier: number, payloadType = AUDIO_TYPE): Uint8Array {
  const plain = (one: number) => {
    const made = new Uint8Array(RTP_HEADER_SIZE + 2);
    writeRtpHeader(made, 0, RED_TYPE, one, one * FRAME_TICKS, AUDIO_SSRC);
    made.set([0xfc, one], RTP_HEADER_SIZE);
    return made;
  };
  const before = Array.from({ length: earlier }, (_, at) => plain(number - earlier + at));
  return packRedundant(plain(number), before, payloadType);
}

function redundantMedia(): ReceivedMedia {
  const payloads = new Map([
    [RED_TYPE, { kind: "red", payloadType: AUDIO_TYPE } as const],
    ...AUDIO_TRACK.payloads,
  ]);
  return new ReceivedMedia({ ...optionsFor("vp8"), tracks: [{ ...AUDIO_TRACK, payloads }] });
}

/** The numbers and times of the sound that comes out. */
function heard(media: ReceivedMedia): number[][] {
  const all: number[][] = [];
  for (let next; (next = media.next()) !== undefined;) {
    const body = parseAudioBody(next.payload);
    if (body.kind === "frame") all.push([body.data[1]!, next.timestampMs]);
  }
  return all;
}

for (const earlier of [1, 2]) {
  Deno.test(`sound that is lost is found in the next packets, which carry ${earlier} more`, () => {
    const media = redundantMedia();
    const out: number[][] = [];
    for (let number = 10; number < 100; number++) {
      const nowMs = (number - 10) * SOUND_MS;
      // As many are lost in a row as the next one brings; nothing is waited for.
      if (number === 10 || number % (earlier + 1) === 0) {
        assertEquals(media.takeRtp(packet(number, number === 10 ? 0 : earlier), nowMs), "taken");
      }
      out.push(...heard(media));
    }
    const last = out.at(-1)![0]!;
    const sent = Array.from({ length: last - 9 }, (_, at) => [at + 10, at * SOUND_MS]);
    assertEquals(out, sent);
    const [sound] = media.describe().layers;
    assertEquals(sound!.repaired, sound!.lost);
  });
}

Deno.test("packets that came are not taken again, and plain ones go on between", () => {
  const media = redundantMedia();
  for (let number = 10; number < 20; number++) {
    const bytes = number % 3 === 0
      ? packet(number, 0).subarray(0, RTP_HEADER_SIZE + 3).with(1, AUDIO_TYPE)
      : packet(number, 1);
    media.takeRtp(bytes, (number - 10) * SOUND_MS);
  }
  assertEquals(heard(media).length, 10);
  assertEquals(media.describe().layers[0]!.repaired, 0);
});

Deno.test("a packet of which nothing is carried is still missed", () => {
  const media = redundantMedia();
  media.takeRtp(packet(10, 0), 0);
  const [head, own] = [packet(12, 0).subarray(0, RTP_HEADER_SIZE), packet(12, 0).subarray(-2)];
  const ticks = FRAME_TICKS << 10;
  const block = [0x80 | AUDIO_TYPE, ticks >> 16 & 0xff, ticks >> 8 & 0xff, 0, AUDIO_TYPE];
  media.takeRtp(Uint8Array.from([...head, ...block, ...own]), 2 * SOUND_MS);
  assertEquals(heard(media), [[10, 0]]);
  media.takeRtp(packet(11, 0), 2 * SOUND_MS + 5);
  assertEquals(heard(media), [[11, SOUND_MS], [12, 2 * SOUND_MS]]);
  assertEquals(media.describe().layers[0]!.repaired, 0);
});

Deno.test("what carries other payloads than was agreed on is malformed", () => {
  const media = redundantMedia();
  assertEquals(media.takeRtp(packet(10, 1, 96), 0), "malformed");
  assertEquals(media.takeRtp(packet(10, 1).subarray(0, RTP_HEADER_SIZE + 6), 0), "malformed");
  assertEquals(media.takeRtp(packet(10, 1), 0), "taken");
  assertEquals(heard(media), [[10, 0]]);
});
