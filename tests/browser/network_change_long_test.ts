import { assert, assertEquals } from "@std/assert";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { SECOND_ADDRESS } from "../../testing/network/two_networks.ts";
import { chromiumMissing } from "./chromium.ts";
import type { StillTimes } from "./network_change_watch.ts";

const MAX_STILL_MS = 2000;
/**
 * What Chromium sends goes the way that it has until nothing was answered there for two and a half
 * seconds, and another one for one more; nobody else can tell it.
 */
const MAX_SENDING_STILL_MS = 6000;

interface Watched {
  readonly results: { readonly restart: StillTimes; readonly loss: StillTimes };
  readonly counters: Readonly<Record<string, number>>;
}

const told = ({ publisherMs, viewerMs }: StillTimes) =>
  `the publisher's media stood still for ${publisherMs} ms, the viewer's for ${viewerMs} ms`;

Deno.test({
  name: "Chromium's media go on after an ICE restart, and where its network is lost",
  ignore: chromiumMissing() || lossyNetworkMissing(),
  fn: async (t) => {
    const module = new URL("network_change_watch.ts", import.meta.url);
    const printed = await runInLossyNetwork(module, []);
    const { results: { restart, loss }, counters } = JSON.parse(printed) as Watched;
    await t.step("a restart of ICE", () => {
      const { publisherMs, viewerMs } = restart;
      assert(publisherMs < MAX_STILL_MS && viewerMs < MAX_STILL_MS, told(restart));
    });
    await t.step("the network is lost", () => {
      const { publisherMs, viewerMs } = loss;
      assert(viewerMs < MAX_STILL_MS && publisherMs < MAX_SENDING_STILL_MS, told(loss));
    });
    assertEquals([restart.statuses, loss.statuses], [[200, 200], [200, 200]]);
    assert(loss.addresses.every((address) => address === SECOND_ADDRESS), `${loss.addresses}`);
    assertEquals(counters.webrtcConsentsLost, 0);
  },
});
