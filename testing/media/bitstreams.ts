/** Streams of real encoders in fixtures, each frame as FLV would carry it. */

const FOLDER = new URL("../fixtures/", import.meta.url);

/**
 * `ffmpeg -f lavfi -i testsrc2=size=96x64:rate=25 -c:v libx265 -preset ultrafast -crf 51
 * -x265-params aud=1:repeat-headers=1:scenecut=0:…`
 */
export const H265_STREAMS = {
  /** open-gop=1:keyint=7:bframes=3:b-pyramid=1, 14 pictures */
  openGop: readH265("h265_open_gop.h265"),
  /** open-gop=0:keyint=4:bframes=0:slices=2, 8 pictures */
  lowDelay: readH265("h265_low_delay.h265"),
  /** open-gop=0:keyint=6:bframes=2:radl=2, 8 pictures */
  radl: readH265("h265_radl.h265"),
} as const;

/** `ffmpeg -f lavfi -i testsrc2=… -crf 63 -b:v 0 … -f ivf`: temporal units. */
export const AV1_STREAMS = {
  /** libaom-av1 -usage realtime -g 4, 98x66, 8 frames */
  realtime: readIvf("av1_realtime.ivf"),
  /** libsvtav1 -g 6, 130x74, 12 frames with hidden ones between */
  hiddenFrames: readIvf("av1_hidden_frames.ivf"),
  /** libaom-av1 -still-picture 1, 64x64 */
  still: readIvf("av1_still.ivf"),
  /** Of Chromium (L2T2): each with 320x240 and 640x480. */
  spatial: readIvf("av1_spatial_layers.ivf"),
} as const;

/** libvpx-vp9 and libvpx of 26 frames at most: frames and superframes. */
export const VP_STREAMS = {
  /** -deadline realtime -g 4, 98x66 */
  vp9Realtime: readIvf("vp9_realtime.ivf"),
  /** -auto-alt-ref 1 -lag-in-frames 16 -g 24, second pass, 98x66 */
  vp9AltRef: readIvf("vp9_alt_ref.ivf"),
  /** Of Chromium: each a superframe with 320x240 and 640x480, both marked as shown. */
  vp9Spatial: readIvf("vp9_spatial_layers.ivf"),
  /** -deadline realtime -g 2, 66x50 */
  vp8Realtime: readIvf("vp8_realtime.ivf"),
  /** -auto-alt-ref 1 -lag-in-frames 16 -profile:v 2, second pass, 66x50 */
  vp8AltRef: readIvf("vp8_alt_ref.ivf"),
} as const;

/** The frames of an IVF file: a header of 32 bytes, then each behind its size and time. */
function readIvf(name: string): Uint8Array<ArrayBuffer>[] {
  const bytes = Deno.readFileSync(new URL(name, FOLDER));
  const view = new DataView(bytes.buffer);
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (let at = view.getUint16(6, true); at < bytes.length;) {
    const end = at + 12 + view.getUint32(at, true);
    frames.push(bytes.slice(at + 12, end));
    at = end;
  }
  return frames;
}

function readH265(name: string): Uint8Array<ArrayBuffer>[] {
  return splitH265Stream(Deno.readFileSync(new URL(name, FOLDER)));
}

/** Access units, each begun by a delimiter, with lengths of four bytes in place of start codes. */
export function splitH265Stream(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const accessUnits: number[][] = [];
  for (const unit of splitStartCodes(bytes)) {
    if (unit[0]! >> 1 === 35) accessUnits.push([]);
    accessUnits.at(-1)!.push(0, unit.length >> 16, unit.length >> 8, unit.length, ...unit);
  }
  return accessUnits.map((accessUnit) => Uint8Array.from(accessUnit));
}

function* splitStartCodes(bytes: Uint8Array): Generator<Uint8Array> {
  let start = -1;
  for (let at = 0; at <= bytes.length; at++) {
    const isCode = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
    if (!isCode && at < bytes.length) continue;
    let end = at;
    while (end > 0 && bytes[end - 1] === 0) end--; // trailing_zero_8bits
    if (start >= 0) yield bytes.subarray(start, end);
    start = at + 3;
  }
}
