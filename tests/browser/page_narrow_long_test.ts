import { assertEquals, assertMatch } from "@std/assert";
import { runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { narrowLinkMissing } from "../../testing/network/narrow_link.ts";
import { chromiumMissing } from "./chromium.ts";

Deno.test({
  name: "the page says which pictures a narrow link carries, and why",
  ignore: chromiumMissing() || narrowLinkMissing(),
  fn: async () => {
    const printed = await runInLossyNetwork(new URL("page_narrow_watch.ts", import.meta.url), []);
    const { wide, narrow, statistics, faults } = JSON.parse(printed);
    assertEquals([wide, faults], [false, []]);
    assertMatch(
      narrow,
      /^(Fewer pictures|Key frames only|Sound only): your link carries [\d.]+ [kM]bit\/s of [12]\.\d+ Mbit\/s$/,
    );
    assertMatch(statistics, /^(Fewer pictures|Key frames only|Sound only|All pictures)$/);
  },
});
