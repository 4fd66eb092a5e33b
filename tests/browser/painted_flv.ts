/** Painted pictures and their claps, as HTTP-FLV brings them. */
import { concat } from "@std/bytes/concat";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { TAG_AUDIO, TAG_OVERHEAD, TAG_VIDEO } from "../../src/flv/tag.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { decodeOpus } from "../../testing/media/sound.ts";
import { FIELDS_HIGH, FIELDS_WIDE, isWhite } from "./painted_pictures.ts";

/** The header, and the length of no tag before the first. */
const FLV_HEAD_SIZE = 13;

const SAMPLES_PER_MS = 48;
/** What decoders of Opus put out before the sound (RFC 7845 5.1). */
const PRE_SKIP_MS = 312 / SAMPLES_PER_MS;
/** Before a clap it has been quiet for so long. */
const QUIET_SAMPLES = 125 * SAMPLES_PER_MS;

/** What has come of a stream by FLV, on its clock. */
export interface PaintedFlv {
  /** The number of each picture, and its timestamp. */
  readonly pictures: readonly (readonly [number: number, timestampMs: number])[];
  /** Pictures that had other fields than their number says. */
  readonly damaged: number;
  /** What ffmpeg says of them, which stops at the first fault. */
  readonly faults: string;
  /** Timestamps of packets of sound. */
  readonly soundMs: readonly number[];
  /** When each clap begins. */
  readonly clapsMs: readonly number[];
}

/** Records the pictures and the sound of a stream until it is told to stop. */
export class PaintedRecorder {
  readonly #pictures: Recording;
  readonly #sound: Recording;

  constructor(gateway: GatewayProcess, path: string) {
    this.#pictures = new Recording(gateway.httpUrl(`/${path}.flv?audio=0`));
    this.#sound = new Recording(gateway.httpUrl(`/${path}.flv?video=0`));
  }

  /** Ends it; the pictures must be H.264. */
  async stop(): Promise<PaintedFlv> {
    const [pictures, sound] = await Promise.all([this.#pictures.stop(), this.#sound.stop()]);
    return { ...await readPictures(pictures), ...await readSound(sound) };
  }
}

/** What comes from an address until it is enough. */
class Recording {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #reader: Promise<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>>;
  readonly #ended: Promise<void>;

  constructor(url: string) {
    this.#reader = fetch(url).then(({ body }) => body!.getReader());
    this.#ended = this.#read();
  }

  async stop(): Promise<Uint8Array<ArrayBuffer>> {
    await (await this.#reader).cancel();
    await this.#ended;
    return concat(this.#pieces);
  }

  async #read(): Promise<void> {
    const reader = await this.#reader;
    for (let read; !(read = await reader.read()).done;) this.#pieces.push(read.value);
  }
}

function* tagsOf(flv: Uint8Array) {
  const reader = new FlvReader();
  reader.push(flv);
  for (let tag; (tag = reader.next()) !== undefined;) {
    if (tag.kind === "tag") yield tag;
  }
}

async function readPictures(flv: Uint8Array<ArrayBuffer>) {
  const timesMs: number[] = [];
  // The last tag may be cut short.
  let end = FLV_HEAD_SIZE;
  for (const { type, body, timestampMs } of tagsOf(flv)) {
    end += TAG_OVERHEAD + body.length;
    if (type === TAG_VIDEO && parseVideoBody(body).kind === "frame") timesMs.push(timestampMs);
  }
  const ffmpeg = new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", "-err_detect", "explode", "-i", "pipe:0", "-vsync", "passthrough"],
      ...["-vf", `scale=${FIELDS_WIDE}:${FIELDS_HIGH}:flags=area,format=gray`],
      ...["-f", "rawvideo", "pipe:1"],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = ffmpeg.output();
  await new Blob([flv.subarray(0, end)]).stream().pipeTo(ffmpeg.stdin);
  const { stdout, stderr } = await output;
  const size = FIELDS_WIDE * FIELDS_HIGH;
  const pictures: [number, number][] = [];
  let damaged = 0;
  for (const [at, timestampMs] of timesMs.entries()) {
    const fields = stdout.subarray(at * size, (at + 1) * size);
    if (fields.length < size) break;
    const number = paintedNumber(fields);
    if (number === undefined) damaged++;
    else pictures.push([number, timestampMs]);
  }
  return { pictures, damaged, faults: new TextDecoder().decode(stderr) };
}

/** The number of a picture by the brightness of its fields; `undefined` if they do not fit it. */
function paintedNumber(fields: Uint8Array): number | undefined {
  let number = 0;
  for (const [at, brightness] of fields.entries()) {
    const isBright = brightness > 128;
    const [row, column] = [Math.floor(at / FIELDS_WIDE), at % FIELDS_WIDE];
    if (row === 0) number |= isBright ? 1 << column : 0;
    else if (isBright !== isWhite(number, row, column)) return undefined;
  }
  return number;
}

async function readSound(flv: Uint8Array) {
  const packets: { data: Uint8Array }[] = [];
  const soundMs: number[] = [];
  for (const { type, body, timestampMs } of tagsOf(flv)) {
    const parsed = type === TAG_AUDIO ? parseAudioBody(body) : undefined;
    if (parsed?.kind !== "frame") continue;
    packets.push({ data: parsed.data });
    soundMs.push(timestampMs);
  }
  const [samples = new Float32Array()] = await decodeOpus(packets);
  const perPacket = samples.length / packets.length;
  const clapsMs: number[] = [];
  let quiet = 0;
  for (const [at, sample] of samples.entries()) {
    if (Math.abs(sample) < 0.1) quiet++;
    else {
      const packet = Math.floor(at / perPacket);
      const intoMs = (at - packet * perPacket) / SAMPLES_PER_MS;
      if (quiet > QUIET_SAMPLES) clapsMs.push(soundMs[packet]! + intoMs - PRE_SKIP_MS);
      quiet = 0;
    }
  }
  return { soundMs, clapsMs };
}
