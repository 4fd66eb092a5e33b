import { assertEquals } from "@std/assert";
import { PathWatch } from "../../src/console/path_watch.js";

Deno.test("PathWatch: what sends and hears nothing for a second is silent", () => {
  const watch = new PathWatch();
  const table = [
    [0, 1000, 0, false], // nothing is known yet
    [400, 1200, 20, false],
    [800, 1200, 40, false],
    [1400, 1200, 50, true],
    [1800, 1201, 60, false],
    [2800, 1201, 79, false], // little is sent, so that little is told
    [5000, 1201, 80, true],
    [5400, 900, 90, false], // a path is forgotten, and its bytes with it
  ] as const;
  for (const [nowMs, received, packetsSent, isSilent] of table) {
    assertEquals(watch.isSilent({ received, packetsSent }, nowMs), isSilent, `${nowMs}`);
  }
  const untold = new PathWatch();
  for (const nowMs of [0, 1000, 2000]) {
    assertEquals(untold.isSilent({ received: 0, packetsSent: nowMs }, nowMs), false);
  }
});
