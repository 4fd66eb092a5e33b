import { equals } from "@std/bytes/equals";
import { av1ConfigurationOf } from "../codec/av1/configuration_record.ts";
import { ifReadable } from "../codec/if_readable.ts";
import { vp9ConfigurationOf } from "../codec/vp9/configuration_record.ts";
import { Vp9LargestShown } from "../codec/vp9/largest_shown.ts";
import { encodeEnhancedVideoBody } from "../flv/enhanced_video_writer.ts";
import { encodeNalFrameBody } from "../flv/nal_video_body.ts";
import type { ReceivedUnit } from "../rtp/receive/depacketizer.ts";
import type { ReceivedVideoCodec } from "./received_track.ts";

const NO_CONFIGURATION = new Uint8Array(0);

/**
 * Makes bodies of FLV tags of the pictures of one track. Those of AV1 and VP9 are preceded by a
 * configuration that is made of what a key frame says, whenever it says something new; that of H.264
 * and H.265 is made of the parameter sets in them by whoever takes them; VP8 has none. Of a picture of
 * VP9 in several sizes, the largest alone is shown.
 */
export class VideoBodies {
  readonly #trackId: number;
  #configuration = NO_CONFIGURATION;
  readonly #largest = new Vp9LargestShown();

  /** @param trackId 0 for the default track */
  constructor(trackId: number) {
    this.#trackId = trackId;
  }

  /** The bodies of a picture, in order. */
  of(
    codec: ReceivedVideoCodec,
    { data, isKeyFrame }: Pick<ReceivedUnit, "data" | "isKeyFrame">,
    compositionTimeMs: number,
  ): Uint8Array<ArrayBuffer>[] {
    const trackId = this.#trackId;
    const configuration = isKeyFrame ? this.#newConfiguration(codec, data) : undefined;
    const head = { codec, isKeyFrame, compositionTimeMs, trackId };
    const shown = codec === "vp9" ? this.#largest.of(data) : data;
    const body = codec === "h264" && trackId === 0
      ? encodeNalFrameBody("h264", head, shown)
      : encodeEnhancedVideoBody({ kind: "frame", ...head }, shown);
    if (configuration === undefined) return [body];
    return [encodeEnhancedVideoBody({ kind: "configuration", ...head }, configuration), body];
  }

  /** The configuration that a key frame needs, if it is not the one before. */
  #newConfiguration(codec: ReceivedVideoCodec, data: Uint8Array): Uint8Array | undefined {
    const configuration = configurationOf(codec, data);
    if (configuration === undefined) return undefined;
    if (equals(configuration, this.#configuration)) return undefined;
    this.#configuration = configuration;
    return configuration;
  }
}

function configurationOf(
  codec: ReceivedVideoCodec,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  if (codec === "av1") return ifReadable(() => av1ConfigurationOf(data));
  if (codec === "vp9") return ifReadable(() => vp9ConfigurationOf(data));
  return undefined;
}
