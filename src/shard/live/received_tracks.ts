/** What a WebRTC publisher's packets are, by its offer and the answer. */
import type { ReceivedMediaOptions } from "../../ingest/received_media.ts";
import type { ReceivedPayload, ReceivedTrackOptions } from "../../ingest/received_track.ts";
import { RECEIVED_EXTENSION_URI, type ReceivedSection } from "../../webrtc/sdp/received_section.ts";

/** As the sections of one transport were answered. */
export function receivedMediaOptions(
  sections: readonly ReceivedSection[],
): Pick<ReceivedMediaOptions, "tracks" | "extensions"> {
  const idOf = (name: keyof typeof RECEIVED_EXTENSION_URI) =>
    sections.flatMap(({ extensions }) => extensions)
      .find(({ uri }) => uri === RECEIVED_EXTENSION_URI[name])?.id;
  return {
    tracks: sections.map(trackOf),
    extensions: {
      mid: idOf("mid"),
      rid: idOf("rid"),
      repairedRid: idOf("repairedRid"),
      transportSequence: idOf("transportSequence"),
      dependencyDescriptor: idOf("dependencyDescriptor"),
    },
  };
}

function trackOf(section: ReceivedSection): ReceivedTrackOptions {
  const { mid, kind, codec, payloadType, redPayloadType, rtxPayloadType, feedback, rids } = section;
  const { ssrcs, repairSsrcs } = section.chosen.section.sources;
  const payloads = new Map<number, ReceivedPayload>([[
    payloadType,
    codec === "opus" ? { kind: "media", codec, channels: 2 } : { kind: "media", codec },
  ]]);
  if (redPayloadType !== undefined) payloads.set(redPayloadType, { kind: "red", payloadType });
  if (rtxPayloadType !== undefined) payloads.set(rtxPayloadType, { kind: "rtx", payloadType });
  return {
    // A copy: a part of a text keeps the whole alive.
    mid: structuredClone(mid),
    kind,
    payloads,
    ssrcs,
    repairSsrcs,
    rids: structuredClone(rids),
    nack: feedback.includes("nack"),
    pli: feedback.includes("nack pli"),
  };
}
