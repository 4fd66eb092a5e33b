import { assertEquals } from "@std/assert";
import { configure, reset } from "@logtape/logtape";
import type { AccessRequest } from "../../src/access/access.ts";
import type { AccessFunction } from "../../src/access/asked_functions.ts";
import { decideByFunction, tell } from "../../src/control/access_function.ts";

const REQUEST: AccessRequest = {
  action: "play",
  path: "live/a",
  protocol: "rtmp",
  address: "192.0.2.1",
  credentials: {},
  query: "",
  userAgent: undefined,
  id: "0-1",
};

Deno.test("a function that answers with what is no decision has failed, and lets nobody in", async () => {
  const logged: string[] = [];
  await configure({
    reset: true,
    sinks: { list: ({ properties }) => void logged.push(`${properties["error"]}`) },
    loggers: [
      { category: ["sluice"], lowestLevel: "error", sinks: ["list"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
    ],
  });
  try {
    const allowed = { kind: "allow", decidedBy: "test" } as const;
    assertEquals(await decideByFunction(() => allowed, REQUEST), {
      decision: allowed,
      hasFailed: false,
    });
    assertEquals(await decideByFunction(() => undefined, REQUEST), {
      decision: undefined,
      hasFailed: false,
    });
    const wrong = [
      true,
      false,
      null,
      "allow",
      {},
      { kind: "ok" },
      // It cannot be brought to another thread.
      { ...allowed, more: () => {} },
      Promise.reject(new Error("test")),
    ];
    for (const answer of wrong) {
      const decide = (() => answer) as AccessFunction;
      assertEquals(await decideByFunction(decide, REQUEST), {
        decision: undefined,
        hasFailed: true,
      });
    }
    assertEquals(logged.length, wrong.length);
    assertEquals(
      logged[5],
      'TypeError: Cannot take the decision: kind must be "allow" or "refuse", got "ok"',
    );
  } finally {
    await reset();
  }
});

Deno.test("what the function throws that is told of ends goes no further", () => {
  const decision = { kind: "allow", decidedBy: "test" } as const;
  const session = { request: REQUEST, decision, durationMs: 1, bytes: 2, reason: "it has left" };
  let told = 0;
  tell(() => {
    told++;
    throw new Error("test");
  }, session);
  assertEquals(told, 1);
});
