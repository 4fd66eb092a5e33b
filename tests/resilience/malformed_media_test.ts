import { assertEquals, assertMatch } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { fromHex } from "../../testing/mutation.ts";
import { ClientMessages, publisherPreamble } from "../../testing/rtmp/client.ts";
import { until } from "../../testing/waiting.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "../../testing/media/self_describing.ts";

/** AAC of a packet type that there is not. */
const MALFORMED_SOUND = fromHex("af 02 00");

/** More than are let through if few others come. */
const COUNT = 600;

/** Publishes until the gateway ends it, or `bytes` are sent and it has said so. */
async function publish(rtmpPort: number, bytes: Uint8Array): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort });
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
  } catch {
    // It was ended before the last byte.
  }
  return conn;
}

function publisherOf(name: string, add: (messages: ClientMessages) => void): Uint8Array {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name, messages });
  messages.video(0, VIDEO_CONFIGURATION);
  add(messages);
  return new ByteWriter(1 << 20).bytes(preamble).bytes(messages.take()).take();
}

Deno.test("a publisher of mostly malformed media is ended, and told why in the log", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  using _conn = await publish(
    gateway.rtmpPort,
    publisherOf("broken", (messages) => {
      for (let at = 0; at < COUNT; at++) messages.audio(at * 20, MALFORMED_SOUND);
    }),
  );
  await until("it is ended", () => /closed: Cannot publish live\/broken/.test(gateway.output()));
  assertMatch(
    gateway.output(),
    /up to 500 messages may be malformed .*audio: Cannot parse audio body: AACPacketType .*got 2/,
  );
  const { counters } = await gateway.status();
  assertEquals([counters.rtmpProtocolErrors, counters.messagesSkipped], [1, 501]);
});

Deno.test("broken sound beside good pictures is skipped, and the pictures go on", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  using _conn = await publish(
    gateway.rtmpPort,
    publisherOf("half", (messages) => {
      for (let at = 0; at < COUNT; at++) {
        const facts = { sequence: at, timestampMs: at * 40, isKeyFrame: at % 25 === 0 };
        messages.video(at * 40, videoFrame(facts, 200));
        messages.audio(at * 40, MALFORMED_SOUND).audio(at * 40 + 20, MALFORMED_SOUND);
      }
    }),
  );
  await until("all has come", async () => {
    const { counters } = await gateway.status();
    return counters.messagesSkipped === 2 * COUNT;
  });
  assertEquals((await gateway.stream("live/half"))?.state, "live");
});
