import { H264ReferenceTracker } from "../src/codec/h264/reference_tracker.ts";
import { splitH264NalUnits } from "../src/codec/h264/slice.ts";
import { accessUnitOf } from "../testing/media/h264_streams.ts";
import { SLICES_IN_BAND } from "../testing/media/corpus.ts";

const [sps, pps, ...slices] = splitH264NalUnits(SLICES_IN_BAND, 4);
/** With 10 KB of picture behind each header. */
const accessUnits = slices.map((slice) => {
  const whole = new Uint8Array(10_000).fill(0x55);
  whole.set(slice);
  return accessUnitOf(whole);
});
const tracker = new H264ReferenceTracker({ nalLengthSize: 4, sps: [sps!], pps: [pps!] });

Deno.bench(`track ${accessUnits.length} pictures of libx264, b-pyramid=normal`, () => {
  for (const accessUnit of accessUnits) tracker.track(accessUnit);
});
