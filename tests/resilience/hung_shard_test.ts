import { assert, assertEquals, assertLess } from "@std/assert";
import { IS_LONG } from "../../testing/long_form.ts";
import { until } from "../../testing/waiting.ts";
import { ask } from "./harmful_shard.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { Encoder, RECONNECT } from "./told_encoder.ts";

interface Ports {
  readonly rtmpPort: number;
  readonly httpPort: number;
}

/** Ten seconds without a sign of life, five of draining, three of stopping; and the machine's own. */
const MAX_END_MS = 40_000;

async function start() {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-check", "tests/resilience/hanging_gateway.ts"],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let printed = "";
  const ended = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (text) => void (printed += text) }));
  const [ports] = await until("it listens", () => /^\{.*\}$/m.exec(printed));
  return { child, ended, ports: JSON.parse(ports) as Ports };
}

/** An encoder that understands being asked to connect again, on a wanted shard. */
async function encoderOn(ports: Ports, wanted: number): Promise<Encoder> {
  for (let attempt = 0;; attempt++) {
    const encoder = await Encoder.publish(ports, { name: `capable${attempt}`, capsEx: 1 });
    if (await ask(ports, `/has/${encoder.port}`) === `${wanted}`) return encoder;
    encoder[Symbol.dispose]();
  }
}

/** What the shard that lives answers: each question may come to the other one. */
async function readiness({ httpPort }: Ports): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(500);
    const url = `http://127.0.0.1:${httpPort}/readyz`;
    const response = await fetch(url, { headers: { connection: "close" }, signal });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}

Deno.test({
  name: "a shard that hangs: the other one is drained, then the process ends with 70",
  ignore: !IS_LONG,
  fn: async () => {
    const { child, ended, ports } = await start();
    const living = 0;
    using encoder = await encoderOn(ports, living);
    await using publisher = await SyntheticPublisher.connect(ports.rtmpPort, { path: "live/a" });
    const isLiving = await ask(ports, `/has/${publisher.port}`) === `${living}`;
    publisher.run();
    await using viewer = await RawViewer.open({
      httpPort: ports.httpPort,
      path: "live/a",
      transport: "http",
    });
    viewer.run();
    assertEquals(await until("it is ready", () => readiness(ports)), 200);

    await ask(ports, `/hang/${1 - living}`);
    const hungAtMs = performance.now();
    await until("the other shard is not ready any more", async () => {
      return await readiness(ports) === 503;
    }, { timeoutMs: MAX_END_MS });
    await until("the encoder is asked to connect again", () => encoder.codes.includes(RECONNECT));
    if (isLiving) assertEquals(publisher.end, undefined, "a publisher was ended, not drained");
    const { code } = await child.status;
    assertEquals(code, 70);
    assertLess(performance.now() - hungAtMs, MAX_END_MS);
    assert(encoder.isEnded);
    await ended;
  },
});
