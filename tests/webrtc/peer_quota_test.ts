import { assertEquals } from "@std/assert";
import { PeerQuota } from "../../src/webrtc/peer_quota.ts";

Deno.test("PeerQuota: of each kind so many are looked at in a second, whatever comes of others", () => {
  const quota = new PeerQuota();
  const taken = (kind: Parameters<PeerQuota["take"]>[0]) => {
    let count = 0;
    for (let at = 0; at < 20_000; at++) if (quota.take(kind)) count++;
    return count;
  };
  const all = () => [taken("media"), taken("reports"), taken("records"), taken("checks")];
  assertEquals(all(), [6000, 1000, 200, 500]);
  assertEquals(all(), [0, 0, 0, 0]);
  quota.renew();
  assertEquals(all(), [6000, 1000, 200, 500]);
});
