/** Writing tags into shared memory, as the stream log's ring is written. */
import { TAG_AUDIO, TAG_OVERHEAD, TAG_VIDEO, type TagType, writeTag } from "../src/flv/tag.ts";

/** A power of two below which a few seconds of a 2 Mbit/s stream fit. */
const RING_SIZE = 4 * 1024 * 1024;
const TAGS_PER_ITERATION = 1000;

/** Sizes as in a stream of 2 Mbit/s: audio at 128 kbit/s, pictures at 30 fps, key frames. */
const BODIES: readonly [name: string, type: TagType, size: number][] = [
  ["audio, 350 bytes", TAG_AUDIO, 350],
  ["inter frame, 8 KiB", TAG_VIDEO, 8 * 1024],
  ["key frame, 64 KiB", TAG_VIDEO, 64 * 1024],
];

for (const [name, type, size] of BODIES) {
  const ring = new Uint8Array(new SharedArrayBuffer(RING_SIZE));
  const body = new Uint8Array(size).fill(0x5a);
  Deno.bench(`writeTag into shared memory, ${TAGS_PER_ITERATION} tags: ${name}`, () => {
    let at = 0;
    for (let tag = 0; tag < TAGS_PER_ITERATION; tag++) {
      if (at + size + TAG_OVERHEAD > RING_SIZE) at = 0;
      at += writeTag(ring, at, type, tag * 33, body);
    }
  });
}
