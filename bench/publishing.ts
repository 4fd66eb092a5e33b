import { makeRtmpLoop } from "./rtmp_loop.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";
import { makeRtpLoop } from "./rtp_loop.ts";
import { WhipPublisher } from "./whip_publisher.ts";

/** What is published by. */
export type PublishProtocol = "rtmp" | "whip";

/** Somebody who publishes a file over and over, as far as it is driven. */
export interface LoopPublisher {
  /** Why it can publish no more. */
  readonly failure: string | undefined;
  readonly bytesSent: number;
  /** Times that it was late, by its own fault or the server's. */
  readonly stalls: number;
  /** Key frames that it was asked for and has sent. */
  readonly keyFramesAsked: number;
  /** Sends what is due. */
  tick(nowMs: number): void;
  close(): void | Promise<void>;
}

/** Where, as whom, and from which of the file's key frames on. */
export interface LoopStart {
  readonly port: number;
  readonly name: string;
  /** Beyond the last key frame it begins anew with the first. */
  readonly keyFrame: number;
}

const nowMs = () => performance.now();

/**
 * What starts publishers of a file.
 *
 * @throws {Error} when the file is none
 */
export async function loopStarter(
  protocol: PublishProtocol,
  file: string,
): Promise<(start: LoopStart) => Promise<LoopPublisher>> {
  const bytes = await Deno.readFile(file);
  if (protocol === "rtmp") {
    const loop = makeRtmpLoop(bytes);
    const { keyFrames } = loop;
    return ({ port, name, keyFrame }) =>
      RtmpPublisher.start(port, name, loop, keyFrames[keyFrame % keyFrames.length]!, nowMs);
  }
  const loop = makeRtpLoop(bytes);
  const keyFrames = loop.frames.flatMap(({ isKeyFrame }, at) => isKeyFrame ? at : []);
  return ({ port, name, keyFrame }) =>
    WhipPublisher.start(port, name, loop, keyFrames[keyFrame % keyFrames.length]!, nowMs);
}
