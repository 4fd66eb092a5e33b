import { assertEquals } from "@std/assert";
import { AudioPackets } from "../../src/egress/audio_packets.ts";
import { fromHex } from "../../testing/mutation.ts";
import {
  enhancedAudio,
  OPUS_CONFIGURATION,
  opusFrame,
} from "../../testing/media/enhanced_samples.ts";

const SURROUND = enhancedAudio(
  "opus",
  "configuration",
  fromHex("4f70757348656164 01 06 3801 80bb0000 0000 01 0402 000401020305"),
);
const NO_HEADER = enhancedAudio("opus", "configuration", new Uint8Array(0));
const SIX_CHANNELS = enhancedAudio("opus", "channels", fromHex("01 06 0000003f"));

Deno.test("AudioPackets: Opus of more than two channels is left out, as it is several streams", () => {
  const packets = new AudioPackets(0);
  const take = (...bodies: Uint8Array[]) => {
    const before = packets.ring.head;
    for (const body of bodies) packets.take(body, 20 * packets.ring.head, 0);
    return packets.ring.head - before;
  };
  assertEquals(take(OPUS_CONFIGURATION, opusFrame()), 1);
  assertEquals(take(SURROUND, opusFrame(), opusFrame()), 0);
  assertEquals(take(OPUS_CONFIGURATION, opusFrame()), 1);
  assertEquals(take(NO_HEADER, opusFrame()), 1);
  assertEquals(take(SIX_CHANNELS, opusFrame()), 0);
  assertEquals(take(NO_HEADER, opusFrame()), 1);
});
