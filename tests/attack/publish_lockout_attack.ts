import type { GatewayProcess } from "../gateway_process.ts";
import { connectFrom } from "../interop/addressed_client.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { AUDIO_CONFIGURATION, audioFrame } from "../resilience/self_describing.ts";
import { ClientMessages, publisherPreamble } from "../rtmp/client.ts";
import type { Attack } from "./attack.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HealthProbe } from "./health_probe.ts";

const ATTACKER = "127.0.0.2";

/** What filled all streams of the default limits, and their grace period, in three seconds. */
const PUBLISHERS_PER_SECOND = 326;

/** Publishers who come, send a frame and go, each with a name of its own, and one who wants to. */
export const PUBLISH_LOCKOUT_ATTACK: Attack = {
  name: "326 publishers a second from one address, each with another name",
  run: async (gateway, { seconds }) => {
    await using health = HealthProbe.start(gateway);
    await using probe = new EntryProbe(async (attempt) => {
      using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", `wanted${attempt}`);
      const code = await publisher.answer();
      if (code !== "NetStream.Publish.Start") throw new Error(`${code}`);
    });
    const startedMs = performance.now();
    let begun = 0;
    const publishes: Promise<void>[] = [];
    for (;;) {
      const elapsed = (performance.now() - startedMs) / 1000;
      if (elapsed >= seconds) break;
      while (begun < elapsed * PUBLISHERS_PER_SECOND) publishes.push(comeAndGo(gateway, begun++));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(publishes);
    const { total } = await gateway.status();
    return [
      { what: "publishers of the attacker", value: begun },
      { what: "streams afterwards", value: total, bar: 120 },
      ...await probe.finish("publisher", 500),
      ...await health.finish(),
    ];
  },
};

async function comeAndGo({ rtmpPort }: GatewayProcess, number: number): Promise<void> {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name: `flood${number}`, messages });
  messages.audio(0, AUDIO_CONFIGURATION);
  messages.audio(0, audioFrame({ sequence: 0, timestampMs: 0 }, 40));
  try {
    using conn = await connectFrom(ATTACKER, rtmpPort);
    conn.write(Uint8Array.of(...preamble, ...messages.take()));
    await conn.answered(/NetStream\.Publish\./);
  } catch {
    // It is refused, as it is to be.
  }
}
