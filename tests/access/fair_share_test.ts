import { assert, assertEquals } from "@std/assert";
import { FairShare } from "../../src/access/fair_share.ts";

/** Takes all that an address gets. */
function takeAll(share: FairShare, address: string | undefined): (() => void)[] {
  const taken: (() => void)[] = [];
  for (let giveBack = share.take(address); giveBack; giveBack = share.take(address)) {
    taken.push(giveBack);
  }
  return taken;
}

Deno.test("no address takes what others need", () => {
  const share = new FairShare(120);
  const first = takeAll(share, "192.0.2.1");
  assertEquals(first.length, 60);
  // One whole network of IPv6 is one.
  assertEquals(takeAll(share, "2001:db8::1").length, 30);
  assertEquals(takeAll(share, "2001:db8::2").length, 0);
  assertEquals(takeAll(share, undefined).length, 15);
  for (const giveBack of first) giveBack();
  assertEquals(share.total, 45);
  assertEquals(takeAll(share, "192.0.2.2").length, 38);
  assert(share.take("192.0.2.3"));
});
