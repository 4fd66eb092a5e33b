import { assertEquals } from "@std/assert";
import { extensionAddress } from "../../src/console/whep_links.js";

const REL = "urn:ietf:params:whep:ext:core:server-sent-events";

Deno.test("the address of an extension is that of the link with its relation", () => {
  const base = "http://host/a/live/test/whep";
  const layer = '<whep/1/layer>; rel="urn:ietf:params:whep:ext:core:layer"';
  const events = `<whep/1/events?token=a,b>; rel="${REL}"; events="active,inactive"`;
  const expected = "http://host/a/live/test/whep/1/events?token=a,b";
  for (const link of [events, `${layer}, ${events}`, `${events},${layer}`]) {
    assertEquals(extensionAddress("server-sent-events", link, base), expected, link);
    const isThere = link.includes("core:layer");
    const address = extensionAddress("layer", link, base);
    assertEquals(address, isThere ? "http://host/a/live/test/whep/1/layer" : undefined);
  }
  for (const link of [null, "", "nothing", layer, `<x>; rel=other`]) {
    assertEquals(extensionAddress("server-sent-events", link, base), undefined);
  }
});
