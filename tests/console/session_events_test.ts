import { assertEquals } from "@std/assert";
import { eventsAddress } from "../../src/console/session_events.js";

const REL = "urn:ietf:params:whep:ext:core:server-sent-events";

Deno.test("the address of events is that of the link with its relation", () => {
  const base = "http://host/a/live/test/whep";
  const layer = '<whep/1/layer>; rel="urn:ietf:params:whep:ext:core:layer"';
  const events = `<whep/1/events?token=a,b>; rel="${REL}"; events="active,inactive"`;
  const expected = "http://host/a/live/test/whep/1/events?token=a,b";
  for (const link of [events, `${layer}, ${events}`, `${events},${layer}`]) {
    assertEquals(eventsAddress(link, base), expected, link);
  }
  for (const link of [null, "", "nothing", layer, `<x>; rel=other`]) {
    assertEquals(eventsAddress(link, base), undefined);
  }
});
