import { assert, assertEquals } from "@std/assert";
import { chromiumMissing } from "./chromium.ts";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import type { WhepStatistics } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const PHASE_S = IS_LONG ? 20 : 4;
const SOURCE_FPS = 30;
const LOSSES = [0.02, 0.05, 0] as const;

const ignore = chromiumMissing() || lossyNetworkMissing();

interface Watched {
  readonly statistics: readonly WhepStatistics[];
  readonly counters: Readonly<Record<string, number>>;
}

Deno.test({ name: "loss of 2 % freezes nothing, and 5 % is recovered from", ignore }, async (t) => {
  const printed = await runInLossyNetwork(new URL("whep_loss_watch.ts", import.meta.url), [
    `${PHASE_S}`,
    "0.02",
    "0.05",
    "0",
  ]);
  const { statistics, counters } = JSON.parse(printed) as Watched;
  const [joined, ...phases] = statistics as [WhepStatistics, ...WhepStatistics[]];
  const told = JSON.stringify({ statistics, resent: counters.webrtcPacketsResent });
  const [lossy, worse, healed] = phases as [WhepStatistics, WhepStatistics, WhepStatistics];
  await t.step("2 %", () => {
    assert(lossy.nackCount > joined.nackCount, told);
    assertEquals(lossy.freezeCount, joined.freezeCount, told);
    assertGoesOn(joined, lossy, LOSSES[0], told);
  });
  await t.step("5 %", () => {
    assert(worse.nackCount > lossy.nackCount, told);
    assertGoesOn(lossy, worse, LOSSES[1], told);
  });
  await t.step("afterwards", () => {
    assertEquals(healed.freezeCount, worse.freezeCount, told);
    assertGoesOn(worse, healed, LOSSES[2], told);
  });
  assert(counters.webrtcPacketsResent! > 0);
});

function assertGoesOn(
  before: WhepStatistics,
  after: WhepStatistics,
  loss: number,
  told: string,
): void {
  assertEquals(after.connection, "connected");
  assert(after.framesDecoded - before.framesDecoded >= 0.9 * SOURCE_FPS * PHASE_S, told);
  assert(after.audioEnergy - before.audioEnergy > 0.001 * PHASE_S, told);
  const samples = after.audioSamples - before.audioSamples;
  // Sound that is lost is not sent again: what is missing is made up, and a little beside it. Few
  // packets are lost in a short time, so their number varies.
  assert(after.concealedSamples - before.concealedSamples <= (0.01 + 4 * loss) * samples, told);
}
