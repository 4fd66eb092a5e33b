import { type ApiEvent, apiEvent } from "../shard/api_event.ts";
import { type DescribedStream, summarise } from "./stream_description.ts";

/** What has changed of a stream. */
export type StreamChange =
  | { readonly kind: "began"; readonly stream: DescribedStream }
  | { readonly kind: "changed"; readonly stream: DescribedStream }
  | { readonly kind: "ended"; readonly stream: DescribedStream; readonly why: string };

/** Tells what has changed of a stream. */
export function streamEvent(change: StreamChange): ApiEvent {
  const { entry: { streamId, path }, origin, publisher } = change.stream;
  const nowMs = Date.now();
  const named = { id: `${streamId}`, path };
  switch (change.kind) {
    case "began": {
      const { id: cid = "", subject = null } = publisher;
      return apiEvent("stream-began", nowMs, { ...named, shard: origin ?? null, cid, subject });
    }
    case "changed": {
      const stream = summarise(change.stream, performance.now());
      return apiEvent("stream-changed", nowMs, { ...named, stream });
    }
    case "ended":
      return apiEvent("stream-ended", nowMs, { ...named, why: change.why });
  }
}

/** What is worth telling of what a stream carries: no rate, and nobody's number. */
export function contentMark({ publication, reports }: DescribedStream): string {
  const tracks = publication?.tracks.map((track) =>
    track.kind === "video"
      ? [track.id, track.isDefault, track.codec, track.width, track.height, track.bFrames]
      : [track.id, track.isDefault, track.codec, track.sampleRate, track.channels]
  );
  const overflows = reports.values().some(({ groupOverflows }) => groupOverflows);
  return `${tracks?.join(";")} ${overflows} ${publication?.advice.join()}`;
}
