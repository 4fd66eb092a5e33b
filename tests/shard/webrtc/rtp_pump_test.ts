import { assert, assertEquals } from "@std/assert";
import { configure, reset } from "@logtape/logtape";
import { BURST_INTERVAL_MS } from "../../../src/rtp/gop_pacer.ts";
import { type PumpedViewer, RtpPump } from "../../../src/shard/webrtc/rtp_pump.ts";
import { delay } from "../../../testing/waiting.ts";

/** A viewer that notes what it is asked. */
class NotingViewer implements PumpedViewer {
  readonly loggedId = "0.00000000";
  isReadyNow = true;
  dueMs: number | undefined;
  asked = 0;
  sent = 0;
  endedBy: string | undefined;
  more = 0;
  failsIn: readonly string[] = [];

  #step(name: string): void {
    if (this.failsIn.includes(name)) throw new Error("a defect");
  }

  get nextMs(): number | undefined {
    this.#step("nextMs");
    return this.dueMs;
  }

  isReady(): boolean {
    this.#step("isReady");
    this.asked++;
    return this.isReadyNow;
  }

  sendNext(): boolean {
    this.#step("sendNext");
    this.sent++;
    return this.more-- > 0;
  }

  end(reason: string): void {
    this.endedBy = reason;
    this.#step("end");
  }
}

Deno.test("RtpPump: viewers take turns, for as long as there is something for them", async () => {
  const pump = new RtpPump(undefined);
  const viewers = [new NotingViewer(), new NotingViewer()];
  viewers[0]!.more = 3;
  for (const viewer of viewers) pump.wake(viewer);
  await delay(0);
  assertEquals(viewers.map(({ sent }) => sent), [4, 1]);
  pump.close();
});

Deno.test("RtpPump: whoever is paced is asked again, unless it is not ready", async () => {
  const pump = new RtpPump(undefined);
  const [paced, stuck] = [new NotingViewer(), new NotingViewer()];
  for (const viewer of [paced, stuck]) {
    viewer.dueMs = 1;
    pump.wake(viewer);
  }
  await delay(5 * BURST_INTERVAL_MS);
  assert(paced.sent > 1 && stuck.sent > 1);
  stuck.isReadyNow = false;
  await delay(2 * BURST_INTERVAL_MS);
  const { asked } = stuck;
  await delay(5 * BURST_INTERVAL_MS);
  assertEquals(stuck.asked, asked, "it is asked though it has not said that it is ready");
  pump.close();
});

Deno.test("RtpPump: a viewer whose packets cannot be made is ended, and no other", async () => {
  const logged: unknown[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => logged.push(record) },
    loggers: [
      { category: ["sluice"], lowestLevel: "error", sinks: ["list"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
    ],
  });
  const pump = new RtpPump(undefined);
  for (const failsIn of [["isReady"], ["sendNext"], ["nextMs"], ["sendNext", "end"]]) {
    logged.length = 0;
    const [broken, healthy] = [new NotingViewer(), new NotingViewer()];
    broken.failsIn = failsIn;
    broken.dueMs = 1;
    for (let round = 0; round < 2; round++) {
      pump.wake(broken);
      pump.wake(healthy);
      await delay(0);
    }
    assertEquals([failsIn, healthy.sent], [failsIn, 2]);
    assert(broken.endedBy !== undefined);
    assertEquals(logged.length, 2 * failsIn.length);
  }
  pump.close();
  await reset();
});
