import { assert, assertEquals } from "@std/assert";
import { runWithTwoNetworks, twoNetworksMissing } from "../../testing/network/two_networks.ts";
import { chromiumMissing } from "./chromium.ts";
import type { StillTimes } from "./network_change_watch.ts";

const MAX_STILL_MS = 2000;

interface Watched {
  readonly results: { readonly restart: StillTimes; readonly loss: StillTimes };
  readonly counters: Readonly<Record<string, number>>;
}

Deno.test({
  name: "Chromium's media go on within 2 s after an ICE restart, and where its network is lost",
  ignore: chromiumMissing() || await twoNetworksMissing(),
  fn: async (t) => {
    const module = new URL("network_change_watch.ts", import.meta.url);
    const printed = await runWithTwoNetworks(module);
    console.log(printed.slice(0, 700));
    const { results: { restart, loss }, counters } = JSON.parse(printed) as Watched;
    for (const [name, { publisherMs, viewerMs }] of Object.entries({ restart, loss })) {
      await t.step(name, () => {
        const told = `the publisher's stood still for ${publisherMs} ms, the viewer's ${viewerMs}`;
        assert(publisherMs < MAX_STILL_MS && viewerMs < MAX_STILL_MS, told);
      });
    }
    assertEquals([restart.statuses, loss.statuses], [[200, 200], [200, 200]]);
    assert(loss.addresses.every((address) => address === "198.51.100.1"), `${loss.addresses}`);
    assertEquals(counters.webrtcConsentsLost, 0);
  },
});
