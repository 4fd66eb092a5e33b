import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { delay, until } from "../../testing/waiting.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { longForm } from "../../testing/long_form.ts";

const PATH = "live/whole";

/** A log of a fifth of a second: its tail passes whoever stops. */
const CONFIG = {
  gracePeriodMs: 0,
  log: { maxBytes: 256 * 1024, windowMs: 500 },
  timeouts: { stallMs: 60_000 },
};
const STREAM = { bitrateBps: 80_000_000, frameRate: 200, groupFrames: 4, sizeSpread: 0.8 };

const VIEWERS = 12;
const DURATION_MS = 3500;

/** Long enough for the kernel's buffers to fill, so that the gateway notices. */
const LONG_STOP_MS = 1500;

/** Reads pieces of any size and stops for any time in between, until the end. */
async function readInFits(viewer: RawViewer, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const endMs = performance.now() + DURATION_MS;
  do {
    if (!await viewer.read(1 + Math.floor(random() ** 3 * 65_536))) return;
    if (random() < 0.005) await delay(random() * LONG_STOP_MS);
    else if (random() < 0.2) await delay(random() * 20);
  } while (performance.now() < endMs);
  // All stop at some byte of a tag, until what they had coming is long overwritten.
  await delay(LONG_STOP_MS);
  while (viewer.end !== "finished" && await viewer.read());
}

for (const shards of longForm([2, 1], 1)) {
  Deno.test(`viewers that stop anywhere get what was published, ${shards} shards`, async () => {
    await using gateway = await startGateway({ args: ["--shards", `${shards}`], config: CONFIG });
    const { httpPort, rtmpPort } = gateway;
    const publisher = await SyntheticPublisher.connect(rtmpPort, { path: PATH, ...STREAM });
    publisher.run();
    await until("the stream is live", () => gateway.stream(PATH));
    const viewers = await Promise.all(
      Array.from(
        { length: VIEWERS },
        (_, at) =>
          RawViewer.open({ httpPort, path: PATH, transport: at % 2 === 0 ? "http" : "ws" }),
      ),
    );
    const reading = Promise.all(viewers.map(readInFits));
    // Told when it is awaited.
    reading.catch(() => {});
    await delay(DURATION_MS + LONG_STOP_MS + 500);
    await publisher[Symbol.asyncDispose]();
    await reading;

    const { counters } = await gateway.status();
    let jumps = 0;
    for (const { checker, end } of viewers) {
      assert(checker.videoFrames > 0);
      assertEquals(end, "finished");
      assertEquals(checker.pending, 0, "the last tag is not whole");
      jumps += checker.jumps.length;
    }
    assert(jumps >= VIEWERS, `the tail has passed viewers ${jumps} times only`);
    assert(counters.viewersJumped! >= jumps, `${counters.viewersJumped} of ${jumps} jumps counted`);
    for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
  });
}
