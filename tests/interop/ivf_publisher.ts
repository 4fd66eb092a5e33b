/** Publishes an IVF file by Enhanced RTMP, in real time and over and over, without sound. */
import { delay } from "../../testing/waiting.ts";
import { enhancedFrameBody, type Ivf } from "./ivf.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";

const FRAME_MS = 1000 / 30;

/** Publishes until it is disposed of. The first frame of the file is its only key frame. */
export async function publishIvf(
  ivf: Ivf,
  { port, app, name }: { readonly port: number; readonly app: string; readonly name: string },
): Promise<AsyncDisposable> {
  const publisher = await RtmpPublisher.connect(port, app, name);
  await publisher.answer();
  let isOver = false;
  const sending = (async () => {
    const startMs = performance.now();
    for (let count = 0; !isOver; count++) {
      const index = count % ivf.frames.length;
      const timestampMs = Math.round(count * FRAME_MS);
      const frameType = index === 0 ? "key" : "inter";
      const body = enhancedFrameBody(ivf.fourCc, frameType, ivf.frames[index]!);
      publisher.messages.video(timestampMs, body);
      await publisher.flush();
      await delay(Math.max(startMs + timestampMs - performance.now(), 0));
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await sending;
      publisher.close();
    },
  };
}
