/** A publisher made of nothing but this project's own client messages. */
import { AVCC_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex } from "../../testing/mutation.ts";
import { ClientMessages, publisherPreamble } from "../../testing/rtmp/client.ts";

/** Configurations and frames of H.264 and AAC; the pictures are no real ones. */
export const VIDEO_CONFIGURATION = Uint8Array.of(0x17, 0, 0, 0, 0, ...AVCC_SAMPLES[1]!);
export const AUDIO_CONFIGURATION = fromHex("af00 1190");
export const KEY_FRAME = fromHex("1701000000 00000005 65 88 84 21 a0");
export const AUDIO_FRAME = fromHex("af01 2110");

/** Publishes two tracks and a key frame to `app/name`; dispose of it to end. */
export async function publishOwn(
  { port, app, name }: { readonly port: number; readonly app: string; readonly name: string },
): Promise<Disposable> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app, name, messages });
  const media = messages.video(0, VIDEO_CONFIGURATION).audio(0, AUDIO_CONFIGURATION)
    .video(0, KEY_FRAME).audio(10, AUDIO_FRAME).take();
  for (let bytes of [preamble, media]) {
    while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
  }
  return conn;
}
