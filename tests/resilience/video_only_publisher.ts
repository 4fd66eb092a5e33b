import { ClientMessages, publisherPreamble } from "../../testing/rtmp/client.ts";
import { delay } from "../../testing/waiting.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "../../testing/media/self_describing.ts";

const FRAME_MS = 40;

/** Publishes pictures without sound, which a gateway waits for; dispose of it to end. */
export async function publishVideoOnly(rtmpPort: number, path: string): Promise<AsyncDisposable> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort });
  const messages = new ClientMessages();
  const [app, name] = path.split("/") as [string, string];
  const preamble = publisherPreamble({ app, name, messages });
  const write = async (bytes: Uint8Array) => {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
  };
  let isOver = false;
  await write(preamble);
  await write(messages.video(0, VIDEO_CONFIGURATION).take());
  const running = (async () => {
    for (let sequence = 0; !isOver; sequence++) {
      const timestampMs = sequence * FRAME_MS;
      const facts = { sequence, timestampMs, isKeyFrame: sequence % 25 === 0 };
      await write(messages.video(timestampMs, videoFrame(facts, 2000)).take());
      await delay(FRAME_MS);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await running;
      conn.close();
    },
  };
}
