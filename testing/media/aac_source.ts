/** AAC made by ffmpeg, and what ffmpeg itself makes of it. */
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { TAG_AUDIO } from "../../src/flv/tag.ts";
import { FlvReader } from "../flv/tag_reader.ts";
import { deinterleave, interleave, type Sound } from "./sound.ts";

export interface AccessUnit {
  readonly timestampMs: number;
  readonly data: Uint8Array;
}

/** A stream of AAC, as it comes in FLV. */
export interface AacSource {
  /** The file that it is from. */
  readonly flv: Uint8Array<ArrayBuffer>;
  readonly configuration: Uint8Array;
  readonly units: readonly AccessUnit[];
}

/** Encodes sound to AAC in FLV; `args` go to ffmpeg's encoder. */
export async function encodeAac(
  sound: Sound,
  sampleRate: number,
  args: readonly string[],
): Promise<AacSource> {
  const input = ["-f", "f32le", "-ar", `${sampleRate}`, "-ac", `${sound.length}`, "-i", "-"];
  // Noise substitution would make two decoders differ as much as their noise does.
  const codec = ["-c:a", "aac", "-aac_pns", "0", ...args, "-f", "flv", "-"];
  return readAac(await filter([...input, ...codec], interleave(sound)));
}

/** The access units of an FLV file. */
export function readAac(flv: Uint8Array<ArrayBuffer>): AacSource {
  const reader = new FlvReader();
  reader.push(flv);
  let configuration: Uint8Array | undefined;
  const units: AccessUnit[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    if (record.kind !== "tag" || record.type !== TAG_AUDIO) continue;
    const audio = parseAudioBody(record.body);
    if (audio.kind === "configuration") configuration = audio.data.slice();
    if (audio.kind === "frame") {
      units.push({ timestampMs: record.timestampMs, data: audio.data.slice() });
    }
  }
  if (configuration === undefined) throw new Error("No AAC configuration in the file");
  return { flv, configuration, units };
}

/** What ffmpeg decodes of an FLV or Ogg file. */
export async function decodeWithFfmpeg(
  file: Uint8Array<ArrayBuffer>,
  channels: 1 | 2,
  sampleRate = 48_000,
): Promise<Sound> {
  const output = ["-ar", `${sampleRate}`, "-ac", `${channels}`, "-f", "f32le", "-"];
  const bytes = await filter(["-i", "-", ...output], file);
  return deinterleave(new Float32Array(bytes.buffer, 0, bytes.length >> 2), channels);
}

/** What a receiver hears if native libopus encodes what ffmpeg decodes. */
export async function throughNativeOpus(
  { flv }: AacSource,
  channels: 1 | 2,
  bitrateBps: number,
): Promise<Sound> {
  const codec = [
    ...["-c:a", "libopus", "-vbr", "constrained"],
    ...["-b:a", `${bitrateBps}`, "-ac", `${channels}`],
  ];
  const ogg = await filter(["-i", "-", "-ar", "48000", ...codec, "-f", "ogg", "-"], flv);
  return await decodeWithFfmpeg(ogg, channels);
}

async function filter(
  args: readonly string[],
  input: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const child = new Deno.Command("ffmpeg", {
    args: ["-v", "error", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { success, stdout, stderr } = await output;
  if (!success) {
    throw new Error(`ffmpeg ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  }
  return new Uint8Array(stdout);
}
