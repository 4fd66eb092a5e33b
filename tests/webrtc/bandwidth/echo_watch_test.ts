import { assertEquals } from "@std/assert";
import { EchoWatch } from "../../../src/webrtc/bandwidth/echo_watch.ts";

Deno.test("EchoWatch: an echo answers what was asked for until then, whatever time it tells", () => {
  const echoes = new EchoWatch();
  const first = echoes.asked(100);
  const second = echoes.asked(200);
  assertEquals(echoes.openMs, first);
  echoes.answered(first, 120);
  assertEquals(echoes.openMs, second);
  echoes.answered(Infinity, 220);
  assertEquals(echoes.openMs, Infinity);
});
