import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { gather } from "./crowd.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import { openSockets, residentBytes, threadTicks } from "./process_usage.ts";
import { assertContinues, assertSound, readRecording } from "./recording.ts";
import { recordWebSocket } from "./viewers.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const DURATION_MS = IS_LONG ? 60_000 : 5000;

/** A first crowd shows how much memory one needs, and fills the caches and pools there are. */
const WARM_UP_MS = 5000;

const CROWD = { seats: 300, maxStayMs: 4000 };

/**
 * A heap is never exactly as it was: it grows in steps, with garbage, up to a level that 24,000
 * visits did not raise any more.
 */
const MAX_MEMORY_GROWTH = 1.3;

/** What a visit may add on the way there: a viewer that is kept costs ten times as much. */
const VISIT_BYTES = 8 * 1024;

const BOTH = { audio: true, video: true };

// The measures are those of Linux's /proc.
if (Deno.build.os === "linux") {
  peerTest("hundreds of viewers come and go, and leave nothing behind", ["ffmpeg"], async (t) => {
    await using gateway = await startGateway({
      args: ["--shards", "2", "--grace-period-ms", "300"],
    });
    const { pid } = gateway;
    const url = gateway.httpUrl("/live/crowd.flv");
    const copyTo = await Deno.makeTempFile({ suffix: ".flv" });
    try {
      await using publisher = publishWithFfmpeg({
        url: gateway.rtmpUrl("live/crowd"),
        size: "320x180",
        outputArgs: ["-y", "-b:v", "200k"],
        copyTo,
      });
      await until("it is live", async () => (await gateway.stream("live/crowd"))?.video);
      const steady = recordWebSocket(url);
      await until("there is a picture", async () => await steady.received() > 1000);
      const isEmpty = async () => (await gateway.status()).counters.viewers === 1;

      await gather({ ...CROWD, url, durationMs: WARM_UP_MS, seed: 1 });
      await until("the first crowd is gone", isEmpty);
      const socketsBefore = openSockets(pid);
      const memoryBefore = residentBytes(pid);
      const ticksBefore = threadTicks(pid, "worker-");

      const visits = await gather({ ...CROWD, url, durationMs: DURATION_MS, seed: 2 });
      await t.step("viewers watched in every way", () => {
        assertEquals(visits.size, 4);
        for (const [way, count] of visits) assert(count > CROWD.seats / 4, `${way}: ${count}`);
      });
      await t.step("both shards served them", () => {
        const ticks = [...threadTicks(pid, "worker-")]
          .map(([thread, after]) => after - ticksBefore.get(thread)!);
        assertEquals(ticks.length, 2);
        assert(Math.min(...ticks) > Math.max(...ticks) / 4, `Clock ticks: ${ticks.join(", ")}`);
      });
      await t.step("the count of viewers is right again", async () => {
        await until("the crowd is gone", isEmpty);
        await until(
          "the stream has its steady viewer",
          async () => (await gateway.stream("live/crowd"))?.viewers === 1,
        );
      });
      await t.step("their sockets are closed", async () => {
        await until("there are as many as before", () => openSockets(pid) <= socketsBefore);
      });
      await t.step("their memory is free", async () => {
        const count = [...visits.values()].reduce((sum, visitors) => sum + visitors, 0);
        const limit = memoryBefore * MAX_MEMORY_GROWTH + count * VISIT_BYTES;
        await until(
          `there are less than ${limit} bytes, after ${memoryBefore}`,
          () => residentBytes(pid) < limit,
        );
      });
      await t.step("nobody was cut off or set forward", async () => {
        const { counters, gateway: { shardRestarts } } = await gateway.status();
        const { viewersJumped, viewersStalled, viewersRefused, rtmpProtocolErrors } = counters;
        assertEquals([viewersJumped, viewersStalled, viewersRefused, rtmpProtocolErrors], [
          ...[0, 0, 0, 0],
        ]);
        assertEquals(shardRestarts, 0);
      });
      await t.step("publisher and steady viewer noticed nothing", async () => {
        publisher.kill("SIGINT");
        await publisher.ended;
        const recording = readRecording(await steady.ended);
        assertSound(recording, BOTH);
        assertContinues(readRecording(await Deno.readFile(copyTo)), recording, BOTH);
        await until("all are gone", async () => (await gateway.status()).counters.viewers === 0);
      });
    } finally {
      await Deno.remove(copyTo);
    }
  });
}
