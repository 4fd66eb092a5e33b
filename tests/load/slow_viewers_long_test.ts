import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { residentKiB, settledKiB, steadyKiB } from "../../testing/process_memory.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";

const PATH = "live/heavy";
const SLOW_VIEWERS = 50;

/** 2 MB a second: fills what the kernel holds for a viewer, up to 4 MB, well before the end. */
const STREAM = { path: PATH, bitrateBps: 16_000_000, frameRate: 50, groupFrames: 25 };
const BYTES_PER_MS = STREAM.bitrateBps / 8000;

const WINDOW_MS = 2000;
const STALL_MS = 10_000;

/** What the kernel may hold for a viewer, in time of this stream. */
const KERNEL_MS = 8_000_000 / BYTES_PER_MS;

/** What memory may differ by though nothing grows. Queues would take 20 MB each, 1 GB in all. */
const NOISE = 0.03;

/** RFC 6455 7.4.1 */
const TRY_AGAIN_LATER = 1013;

Deno.test("50 viewers that stop reading cost no memory and harm nobody", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { log: { windowMs: WINDOW_MS }, timeouts: { stallMs: 120_000 } },
  });
  const { httpPort, pid } = gateway;
  await using healthy = await HealthyStream.start(gateway, STREAM);
  const slow = await Promise.all(
    Array.from(
      { length: SLOW_VIEWERS },
      (_, at) => RawViewer.open({ httpPort, path: PATH, transport: at % 2 === 0 ? "http" : "ws" }),
    ),
  );
  for (const viewer of slow) viewer.run();
  const beforeKiB = await steadyKiB(pid);
  for (const viewer of slow) await viewer.pause();
  const stoppedAt = healthy.publisher.timestampMs;
  await delay(STALL_MS - 500);
  const stalledKiB = await settledKiB(pid, 500);
  await healthy.check();
  assert(
    stalledKiB < beforeKiB * (1 + NOISE),
    `memory grew from ${beforeKiB} KiB to ${stalledKiB} KiB`,
  );

  for (const viewer of slow) viewer.run();
  await until("the slow viewers are near live again", () => {
    for (const viewer of slow) viewer.check();
    const nearLiveMs = healthy.publisher.timestampMs - 2 * WINDOW_MS;
    return slow.every(({ checker }) => checker.publishedMs > nearLiveMs);
  });
  for (const { checker } of slow) {
    assertEquals(checker.jumps.length, 1);
    const [{ from, to }] = checker.jumps as [{ from: number; to: number }];
    const [fromMs, toMs] = [from * 1000 / STREAM.frameRate, to * 1000 / STREAM.frameRate];
    assert(fromMs - stoppedAt < KERNEL_MS, `got ${fromMs - stoppedAt} ms from before the jump`);
    assert(toMs - stoppedAt > STALL_MS - WINDOW_MS, `jumps to ${toMs - stoppedAt} ms only`);
  }
  await until("jumps are counted", async () => {
    return (await gateway.status()).counters.viewersJumped! >= SLOW_VIEWERS;
  });
  await healthy.check();
  for (const viewer of slow) await viewer[Symbol.asyncDispose]();
});

Deno.test("viewers that never read again are ended, and gone once they are read out", async () => {
  const stallMs = 2000;
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { log: { windowMs: 1000 }, timeouts: { stallMs } },
  });
  const { httpPort, pid } = gateway;
  await using healthy = await HealthyStream.start(gateway, { ...STREAM, bitrateBps: 40_000_000 });
  await delay(2000);
  const before = (await gateway.status()).counters;
  const open = () =>
    Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        RawViewer.open({ httpPort, path: PATH, transport: at % 2 === 0 ? "http" : "ws" })),
    );
  let beforeKiB = 0;
  for (let round = 1; round <= 2; round++) {
    const stalled = await open();
    await until("the stalled viewers are ended", async () => {
      return (await gateway.status()).counters.viewersStalled! === round * stalled.length;
    });
    for (const viewer of stalled) {
      viewer.run();
      await until("the viewer is at its end", () => viewer.end);
      viewer.check();
      assert(viewer.closeCode === TRY_AGAIN_LATER || viewer.end === "cut off");
      await viewer[Symbol.asyncDispose]();
    }
    await until("they are no viewers any more", async () => {
      return (await gateway.status()).counters.viewers === before.viewers;
    });
    if (round === 1) beforeKiB = await residentKiB(pid);
  }
  const afterKiB = await settledKiB(pid, 1000);
  assert(afterKiB < beforeKiB * 1.15, `memory grew from ${beforeKiB} KiB to ${afterKiB} KiB`);
  await healthy.check();
});
