import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { VIDEO_CONFIGURATION } from "../../testing/media/self_describing.ts";

const FRAME_BYTES = 400_000;

/** Between two frames: so that all of them lie within a log's window. */
const STEP_MS = 10;

/** One connection that publishes several streams of key frames, as much as the gateway takes. */
export class StreamFiller implements Disposable {
  readonly #publisher: RtmpPublisher;
  readonly #streamIds: readonly number[];
  #timestampMs = 0;

  private constructor(publisher: RtmpPublisher, streamIds: readonly number[]) {
    this.#publisher = publisher;
    this.#streamIds = streamIds;
  }

  /** Connects, and publishes `count` streams of this name, with a number behind it. */
  static async open(rtmpPort: number, name: string, count: number): Promise<StreamFiller> {
    const publisher = await RtmpPublisher.connect(rtmpPort, "live", `${name}-1`);
    const streamIds = Array.from({ length: count }, (_, at) => at + 1);
    const { messages } = publisher;
    for (const streamId of streamIds.slice(1)) messages.publish(`${name}-${streamId}`, streamId);
    for (const streamId of streamIds) messages.video(0, VIDEO_CONFIGURATION, streamId);
    await publisher.flush();
    for (const streamId of streamIds) await publisher.answer(streamId);
    return new StreamFiller(publisher, streamIds);
  }

  /** Publishes so many bytes in each stream; false if the gateway has ended the connection. */
  async fill(bytes: number, frameBytes = FRAME_BYTES): Promise<boolean> {
    const { messages } = this.#publisher;
    const frame = keyFrameBody(frameBytes);
    try {
      for (let sent = 0; sent < bytes; sent += frameBytes) {
        const timestampMs = this.#timestampMs += STEP_MS;
        for (const streamId of this.#streamIds) messages.video(timestampMs, frame, streamId);
        await this.#publisher.flush();
      }
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#publisher.close();
  }
}

/** The FLV body of a key frame of H.264, one slice of nothing. */
function keyFrameBody(size: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(size);
  body.set([0x17, 1, 0, 0, 0]);
  new DataView(body.buffer).setUint32(5, size - 9);
  body.set([0x65, 0x88], 9);
  return body;
}
