/** Message bodies of an H.264 and AAC publisher. */
import { ACCESS_UNIT_SAMPLES, AVCC_SAMPLES } from "../../testing/media/corpus.ts";
import type { Intake, MediaTrack } from "../../src/stream/track_intake.ts";
import { fromHex } from "../../testing/mutation.ts";

const [INTRA, PREDICTED, BIDIRECTIONAL] = ACCESS_UNIT_SAMPLES as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/** avc1.4d400a, 16x16. */
export const H264_CONFIGURATION = Uint8Array.of(0x17, 0, 0, 0, 0, ...AVCC_SAMPLES[1]!);
/** As above, with another level. */
export const OTHER_H264_CONFIGURATION = H264_CONFIGURATION.with(8, 11);
export const H264_KEY_FRAME = Uint8Array.of(0x17, 1, 0, 0, 0, ...INTRA);
export const H264_INTER_FRAME = Uint8Array.of(0x27, 1, 0, 0, 0, ...PREDICTED);
export const H264_B_FRAME = Uint8Array.of(0x27, 1, 0, 0, 40, ...BIDIRECTIONAL);
/** AAC LC, 48 kHz, stereo. */
export const AAC_CONFIGURATION = fromHex("af00 1190");
/** AAC LC, 44.1 kHz, stereo. */
export const OTHER_AAC_CONFIGURATION = fromHex("af00 1210");
export const AAC_FRAME = fromHex("af01 211004");

/** The only thing that a track makes of a message. */
export function takeOne(track: MediaTrack, body: Uint8Array): Intake {
  const [intake, ...others] = track.take(body, 0, 0);
  if (intake === undefined || others.length > 0) {
    throw new Error(`Cannot take a message: one intake is expected, got ${others.length}`);
  }
  return intake;
}
