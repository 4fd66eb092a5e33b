import { assertEquals } from "@std/assert";
import { unknownSettings } from "../../src/config/unknown_settings.ts";

const KNOWN = {
  rtmpPort: undefined,
  limits: { viewers: undefined, streams: undefined },
  timeouts: { idleMs: undefined },
  tls: { key: undefined },
  access: { keys: { id: undefined } },
};

Deno.test("unknownSettings: all of them, with what they were meant to be", () => {
  const given = {
    rtmpPrt: 1,
    limits: { viewrs: 1, viewers: 1, idleMs: 1 },
    viewers: 1,
    timeout: { idleMs: 1 },
    access: { key: [] },
    colour: "red",
  };
  assertEquals(unknownSettings(given, KNOWN), [
    "unknown setting rtmpPrt; did you mean rtmpPort?",
    "unknown setting limits.viewrs; did you mean limits.viewers?",
    "unknown setting limits.idleMs; did you mean timeouts.idleMs?",
    "unknown setting viewers; did you mean limits.viewers?",
    "unknown setting timeout; did you mean timeouts?",
    "unknown setting access.key; did you mean access.keys?",
    "unknown setting colour",
  ]);
});

Deno.test("unknownSettings: what is known is none, whatever its value; names are shown safely", () => {
  assertEquals(unknownSettings({ rtmpPort: "x", limits: 5, timeouts: null }, KNOWN), []);
  const given = JSON.parse(`{"__proto__": 1, "a\\n\\u202eb": 1, "${"x".repeat(99)}": 1}`);
  assertEquals(unknownSettings(given, KNOWN), [
    "unknown setting __proto__",
    'unknown setting "a\\n\u202eb"',
    `unknown setting "${"x".repeat(32)}"`,
  ]);
});
