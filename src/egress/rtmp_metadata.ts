import { decodeAmf0, encodeAmf0 } from "../amf/amf0.ts";
import { AmfError } from "../amf/amf_error.ts";
import type { AmfValue } from "../amf/amf_value.ts";
import type { TrackName } from "../stream/timeline.ts";

/** Names of `onMetaData` that say that there is a track, or what it is like. */
const ABOUT: Readonly<Record<TrackName, RegExp>> = {
  audio: /^(audio|stereo$)/,
  video: /^(video|width$|height$|framerate$)/,
};

/**
 * Metadata for players that get one track only: without what the publisher says of the other.
 *
 * RTMP has no header that lists the tracks, so ffmpeg and what is built on it look for
 * `audiocodecid` and `videocodecid`, and show nothing for minutes while a track named there is
 * missing.
 *
 * @param body of a script tag, "onMetaData" and its value; what is no AMF0 comes back as it is
 * @param lacks the track that is not sent
 */
export function metadataWithout(lacks: TrackName, body: Uint8Array): Uint8Array {
  try {
    return encodeAmf0(...decodeAmf0(body).map((value) => withoutTrack(lacks, value)));
  } catch (error) {
    if (error instanceof AmfError) return body;
    throw error;
  }
}

function withoutTrack(lacks: TrackName, value: AmfValue): AmfValue {
  if (typeof value !== "object" || value === null) return value;
  if (value.kind !== "ecma-array" && value.kind !== "object") return value;
  const properties = new Map([...value.properties].filter(([name, property]) => {
    // Records stay: references (AMF0 2.9) count them.
    return !ABOUT[lacks].test(name) || typeof property === "object" && property !== null;
  }));
  return { ...value, properties };
}
