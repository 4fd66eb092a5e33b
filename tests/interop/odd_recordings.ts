/** Odd recordings that are no files: made of those that are, or of what ffmpeg encodes. */
import { concat } from "@std/bytes/concat";
import { lengthPrefixed } from "../../src/codec/annex_b.ts";
import { parseH264Configuration } from "../../src/codec/h264/h264.ts";
import { parseH265Configuration } from "../../src/codec/h265/h265.ts";
import { splitNalUnits } from "../../src/codec/nal_units.ts";
import { peerCommand } from "../../testing/peers.ts";
import { readRecording, type RecordedTag, type Recording } from "./recording.ts";

const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** Four seconds of H.265 and AAC, with a key frame a second, as ffmpeg 7 sends it. */
export async function encodeH265(x265Params = ""): Promise<Recording> {
  const [program, ...first] = peerCommand("ffmpeg 7");
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...[...first, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"],
      ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "4"],
      ...["-c:v", "libx265", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"],
      ...["-x265-params", `log-level=error:bframes=0:pools=2:${x265Params}`],
      ...["-c:a", "aac", "-f", "flv", "pipe:1"],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return readRecording(stdout);
}

/** With other bodies in place of those of video; none leaves a tag out. */
function withVideo(
  recording: Recording,
  change: (tag: RecordedTag) => readonly Uint8Array[],
): Recording {
  const tags = recording.tags.flatMap((tag) => {
    const isOfVideo = tag.kind === "video configuration" || /^(key|inter) frame$/.test(tag.kind);
    if (!isOfVideo) return [tag];
    return change(tag).map((body) => ({ ...tag, body }));
  });
  return { ...recording, tags };
}

/** With other data behind the headers of video. */
function withVideoData(
  recording: Recording,
  change: (data: Uint8Array, kind: RecordedTag["kind"]) => Uint8Array | undefined,
): Recording {
  return withVideo(recording, ({ body, kind }) => {
    const headerSize = headerSizeOf(body, kind);
    const data = change(body.subarray(headerSize), kind);
    return data === undefined ? [] : [concat([body.subarray(0, headerSize), data])];
  });
}

/** Without a header: its parameter sets in front of each key frame. */
export function setsInBandOnly(recording: Recording): Recording {
  const sets = lengthPrefixed(setsOf(recording));
  return withVideoData(recording, (data, kind) => {
    if (kind === "video configuration") return undefined;
    return kind === "key frame" ? concat([sets, data]) : data;
  });
}

/** Behind start codes: the frames, and the parameter sets of the header. */
export function asByteStream(recording: Recording): Recording {
  const sets = byteStream(setsOf(recording));
  return withVideoData(recording, (data, kind) => {
    return kind === "video configuration" ? sets : byteStream(splitNalUnits(data, 4, 1));
  });
}

/** With another record as header. */
export function withHeader(recording: Recording, record: Uint8Array): Recording {
  const isKnown = recording.tags.some(({ kind }) => kind === "video configuration");
  const header: RecordedTag = {
    kind: "video configuration",
    timestampMs: 0,
    body: concat([Uint8Array.of(0x17, 0, 0, 0, 0), record]),
  };
  if (!isKnown) return { ...recording, tags: [header, ...recording.tags] };
  return withVideoData(recording, (data, kind) => kind === "video configuration" ? record : data);
}

/** With frame types that say what `typeOf` gives. */
export function withFrameTypes(
  recording: Recording,
  typeOf: (kind: RecordedTag["kind"]) => number,
): Recording {
  return withVideo(recording, ({ body, kind }) => {
    return [body.with(0, (body[0]! & 0x8f) | (typeOf(kind) << 4))];
  });
}

/** H.264 by its FourCC, as Enhanced RTMP may have it. */
export function asAvc1(recording: Recording): Recording {
  const fourCc = new TextEncoder().encode("avc1");
  return withVideo(recording, ({ body, kind }) => {
    const isConfiguration = kind === "video configuration";
    const first = 0x80 | (body[0]! & 0xf0) | (isConfiguration ? 0 : 1);
    return [concat([Uint8Array.of(first), fourCc, body.subarray(isConfiguration ? 5 : 2)])];
  });
}

/** Each NAL unit a message of its own: parameter sets, SEI and slices. */
export function oneNalUnitAMessage(recording: Recording): Recording {
  return withVideo(recording, ({ body, kind }) => {
    if (kind === "video configuration") return [body];
    const headerSize = headerSizeOf(body, kind);
    return splitNalUnits(body.subarray(headerSize), 4, 1).map((unit) => {
      return concat([body.subarray(0, headerSize), lengthPrefixed([unit])]);
    });
  });
}

function setsOf({ tags }: Recording): readonly Uint8Array[] {
  const header = tags.find(({ kind }) => kind === "video configuration");
  if (header === undefined) return [];
  const record = header.body.subarray(5);
  if ((header.body[0]! & 0x80) === 0) {
    const { sps, pps } = parseH264Configuration(record);
    return [...sps, ...pps];
  }
  const { vps, sps, pps } = parseH265Configuration(record);
  return [...vps, ...sps, ...pps];
}

/** With a FourCC there is a composition time only in frames of type 1. */
function headerSizeOf(body: Uint8Array, kind: RecordedTag["kind"]): number {
  const isEnhanced = (body[0]! & 0x80) !== 0;
  return isEnhanced && kind !== "video configuration" && (body[0]! & 15) === 1 ? 8 : 5;
}

function byteStream(nalUnits: readonly Uint8Array[]): Uint8Array {
  return concat(nalUnits.flatMap((unit) => [START_CODE, unit]));
}
