/** Recordings of FLV responses, read strictly: what no player complains of is still wrong here. */
import { assert, assertEquals } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { runPeer } from "../../testing/peers.ts";

/** What a tag is to a viewer. */
export type TagKind =
  | "metadata"
  | "video configuration"
  | "key frame"
  | "inter frame"
  | "audio configuration"
  | "audio frame"
  | "other";

export interface RecordedTag {
  readonly kind: TagKind;
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

export interface Recording {
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
  readonly tags: readonly RecordedTag[];
}

/** Which tracks a recording must have. */
export interface Tracks {
  readonly audio: boolean;
  readonly video: boolean;
}

/** Reads a whole recording; throws for anything that the format does not allow. */
export function readRecording(bytes: Uint8Array): Recording {
  const reader = new FlvReader({ strict: true });
  reader.push(bytes);
  const header = reader.next();
  if (header?.kind !== "header") throw new Error("A recording begins with a whole FLV header");
  const tags: RecordedTag[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    if (record.kind !== "tag") throw new Error("A recording has one FLV header");
    const { type, timestampMs } = record;
    const body = record.body.slice();
    tags.push({ kind: kindOf(type, body), timestampMs, body });
  }
  assertEquals(reader.pending, 0, "A recording ends with a whole tag");
  return { hasAudio: header.hasAudio, hasVideo: header.hasVideo, tags };
}

/** Pictures and sound, without configurations and data. */
export function framesOf({ tags }: Recording, { audio, video }: Tracks): RecordedTag[] {
  return tags.filter(({ kind }) =>
    video && (kind === "key frame" || kind === "inter frame") || audio && kind === "audio frame"
  );
}

/** What holds for every response, from its first byte to its end. */
export function assertSound(recording: Recording, tracks: Tracks): void {
  const { hasAudio, hasVideo, tags } = recording;
  assertEquals({ audio: hasAudio, video: hasVideo }, { ...tracks }, "The header tells the tracks");
  assertEquals(tags[0]?.kind, "metadata");
  const kinds = new Set(tags.map(({ kind }) => kind));
  assertEquals(kinds.has("inter frame"), tracks.video);
  assertEquals(kinds.has("audio frame"), tracks.audio);
  const video = tags.filter(isVideo);
  if (tracks.video) {
    assertEquals(video.slice(0, 2).map(({ kind }) => kind), ["video configuration", "key frame"]);
  }
  for (const track of [video, tags.filter(isAudio)]) {
    for (const [at, { timestampMs }] of track.slice(1).entries()) {
      assert(timestampMs >= track[at]!.timestampMs, `Timestamp went back to ${timestampMs}`);
    }
  }
}

/**
 * Every frame of `recording`, its timestamp included, is what the publisher sent, from where the
 * recording begins to the end of `source`, with nothing left out.
 */
export function assertContinues(
  source: Recording,
  recording: Recording,
  tracks: Tracks,
  { mayMissLast = 0 }: { readonly mayMissLast?: number } = {},
): void {
  const sent = framesOf(source, tracks).map(fingerprint);
  const got = framesOf(recording, tracks).map(fingerprint);
  const start = sent.indexOf(got[0]!);
  assert(start >= 0, `The publisher never sent the first frame, ${got[0]}`);
  const missing = Math.min(mayMissLast, Math.max(0, sent.length - start - got.length));
  assertEquals(got, sent.slice(start, sent.length - missing));
}

/** The peers' opinion of a recording. */
export interface Verdict {
  readonly warnings: readonly string[];
  readonly streams: readonly ProbedStream[];
}

export interface ProbedStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly profile?: string;
  readonly width?: number;
  readonly height?: number;
  readonly has_b_frames?: number;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly nb_read_packets: string;
  readonly nb_read_frames: string;
}

/** What ffmpeg says of two frames with one time. */
const REPEATED_TIME =
  /non monotonically increasing dts to muxer in stream \d+: (\d+) >= \1$|Last message repeated/;

/**
 * Lets flvmeta, ffprobe and ffmpeg look at a file; throws for the least that they object to.
 *
 * @param options.mayRepeatTimes whether the publisher may have sent two frames with one time
 */
export async function judge(
  path: string,
  { mayRepeatTimes = false }: { readonly mayRepeatTimes?: boolean } = {},
): Promise<Verdict> {
  // In milliseconds, not in frames: where a publisher came back, two may be less than one apart.
  const timeBase = ["-enc_time_base:v", "-1"];
  // Metadata that come again are subtitles to ffmpeg.
  const media = ["-map", "0:v?", "-map", "0:a?"];
  const args = ["-v", "error", "-i", path, ...media, ...timeBase, "-f", "null", "-"];
  const decoded = await runPeer("ffmpeg", args);
  const objections = decoded.stderr.split("\n").filter((line) =>
    line !== "" && !(mayRepeatTimes && REPEATED_TIME.test(line))
  );
  assertEquals(objections, [], "ffmpeg decodes every frame");
  const checked = await runPeer("flvmeta", ["--check", path]);
  const report = `${checked.stdout}${checked.stderr}`;
  assert(report.includes("0 error(s)"), report);
  return { warnings: report.match(/W\d+: .*/g) ?? [], streams: await probe(path) };
}

/** What ffprobe finds in a file or at an address, which it reads to the end. */
export async function probe(input: string): Promise<readonly ProbedStream[]> {
  const { stdout, stderr } = await runPeer("ffprobe", [
    ...["-v", "error", "-show_streams", "-count_frames", "-count_packets", "-of", "json"],
    input,
  ]);
  assertEquals(stderr, "", "ffprobe reads everything");
  return JSON.parse(stdout).streams;
}

function kindOf(type: number, body: Uint8Array): TagKind {
  switch (type) {
    case TAG_SCRIPT:
      return "metadata";
    case TAG_AUDIO: {
      const { kind } = parseAudioBody(body);
      return kind === "configuration"
        ? "audio configuration"
        : kind === "frame"
        ? "audio frame"
        : "other";
    }
    case TAG_VIDEO: {
      const video = parseVideoBody(body);
      if (video.kind === "configuration") return "video configuration";
      if (video.kind !== "frame") return "other";
      return video.isKeyFrame ? "key frame" : "inter frame";
    }
    default:
      return "other";
  }
}

function isVideo({ kind }: RecordedTag): boolean {
  return kind === "video configuration" || kind === "key frame" || kind === "inter frame";
}

function isAudio({ kind }: RecordedTag): boolean {
  return kind === "audio configuration" || kind === "audio frame";
}

/** Short, for error messages, and different for different bodies. */
function fingerprint({ kind, timestampMs, body }: RecordedTag): string {
  let sum = 0;
  for (const byte of body) sum = (Math.imul(sum, 31) + byte) | 0;
  return `${kind} at ${timestampMs} ms, ${body.length} bytes, ${(sum >>> 0).toString(16)}`;
}
