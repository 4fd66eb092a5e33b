/** IVF files: how encoders hand over bare frames of VP8, VP9 and AV1. */
import { concat } from "@std/bytes/concat";
import { runPeer } from "../../testing/peers.ts";
import { enhancedVideo } from "../../testing/media/enhanced_samples.ts";

export interface IvfFrame {
  readonly data: Uint8Array;
  /** In ticks of the file's time base: with ffmpeg, one per picture. */
  readonly pts: number;
}

export interface Ivf {
  /** "VP80", "VP90" or "AV01". */
  readonly fourCc: string;
  readonly frames: readonly IvfFrame[];
}

const CODECS: Readonly<Record<string, "vp8" | "vp9" | "av1">> = {
  VP80: "vp8",
  VP90: "vp9",
  AV01: "av1",
};

const FILE_HEADER_SIZE = 32;
const FRAME_HEADER_SIZE = 12;

/** Reads a whole file. */
export function readIvf(file: Uint8Array): Ivf {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const fourCc = new TextDecoder().decode(file.subarray(8, 12));
  const frames: IvfFrame[] = [];
  for (let at = FILE_HEADER_SIZE; at < file.length;) {
    const start = at + FRAME_HEADER_SIZE;
    const end = start + view.getUint32(at, true);
    if (end > file.length) throw new Error(`A frame of the IVF file ends at ${end}`);
    frames.push({ data: file.subarray(start, end), pts: view.getUint32(at + 4, true) });
    at = end;
  }
  return { fourCc, frames };
}

/** A file that {@linkcode readIvf} reads, of pictures of 640x360, 30 a second. */
export function writeIvf({ fourCc, frames }: Ivf): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(FILE_HEADER_SIZE);
  head.set(new TextEncoder().encode(`DKIF....${fourCc}`));
  const view = new DataView(head.buffer);
  for (const [at, value] of [0, FILE_HEADER_SIZE, 640, 360].entries()) {
    view.setUint16([4, 6, 12, 14][at]!, value, true);
  }
  for (const [at, value] of [30, 1, frames.length].entries()) {
    view.setUint32(16 + 4 * at, value, true);
  }
  return concat([
    head,
    ...frames.flatMap(({ data, pts }) => {
      const frameHead = new DataView(new ArrayBuffer(FRAME_HEADER_SIZE));
      frameHead.setUint32(0, data.length, true);
      frameHead.setUint32(4, pts, true);
      return [new Uint8Array(frameHead.buffer), data];
    }),
  ]);
}

/** Encodes two seconds of a test picture of 640x360, 30 pictures a second, by ffmpeg. */
export async function encodeIvf(
  codecArgs: readonly string[],
  { passes = 1 }: { readonly passes?: 1 | 2 } = {},
): Promise<Ivf> {
  const folder = await Deno.makeTempDir();
  try {
    for (let pass = 1; pass <= passes; pass++) {
      const passArgs = ["-pass", `${pass}`, "-passlogfile", `${folder}/passes`];
      await runPeer("ffmpeg", [
        ...["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-t", "2"],
        ...[...codecArgs, ...(passes === 1 ? [] : passArgs), "-pix_fmt", "yuv420p"],
        `${folder}/encoded.ivf`,
      ]);
    }
    return readIvf(await Deno.readFile(`${folder}/encoded.ivf`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The body of a video message with a frame, as Enhanced RTMP has it. */
export function enhancedFrameBody(
  fourCc: string,
  frameType: "key" | "inter",
  { data }: IvfFrame,
): Uint8Array<ArrayBuffer> {
  const codec = CODECS[fourCc];
  if (codec === undefined) throw new Error(`Enhanced RTMP has no ${fourCc}`);
  return enhancedVideo(codec, "frame", frameType, data);
}
