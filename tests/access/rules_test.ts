import { assertEquals } from "@std/assert";
import type { AccessDecision, AccessRequest } from "../../src/access/access.ts";
import { AddressGate, type Rule, Rules } from "../../src/access/rules.ts";
import { accessRequest } from "./requests.ts";

function outcome(decision: AccessDecision | undefined): string {
  if (decision === undefined) return "pass";
  return `${decision.kind} by ${decision.decidedBy}`;
}

const ALL: Omit<Rule, "decision"> = {
  actions: ["publish", "play", "api"],
  paths: ["*"],
  addresses: [],
  list: true,
};

Deno.test("the first rule that fits decides", () => {
  const rules = new Rules([
    { ...ALL, id: "lan", decision: "allow", actions: ["publish"], addresses: ["10.0.0.0/8"] },
    { ...ALL, decision: "refuse", paths: ["secret/*"] },
    { ...ALL, decision: "allow", actions: ["play"], paths: ["live/*", "secret/*"] },
    { ...ALL, decision: "allow", actions: ["api"], addresses: ["::1", "127.0.0.1"] },
  ]);
  const cases: readonly (readonly [Partial<AccessRequest>, string])[] = [
    [{ address: "10.2.3.4", path: "secret/x" }, "allow by rule lan"],
    [{ address: "10.2.3.4", path: "secret/x", action: "play" }, "refuse by rule 2"],
    [{ action: "play" }, "allow by rule 3"],
    [{ action: "play", path: "live/a/b" }, "pass"],
    [{}, "pass"],
    [{ address: undefined }, "pass"],
    [{ action: "api", path: "", address: "::1" }, "allow by rule 4"],
    [{ action: "api", path: "" }, "pass"],
  ];
  for (const [parts, expected] of cases) {
    assertEquals(outcome(rules.decide(accessRequest(parts))), expected, JSON.stringify(parts));
  }
});

Deno.test("a rule brings its limits, and may keep streams off the list", () => {
  const limits = { maxViewers: 5 };
  const rules = new Rules([{ ...ALL, decision: "allow", limits, list: false }]);
  assertEquals(rules.decide(accessRequest()), {
    kind: "allow",
    decidedBy: "rule 1",
    subject: "rule 1",
    isShared: true,
    limits,
    isUnlisted: true,
  });
});

Deno.test("addresses keep out, and let nobody in", () => {
  const gate = new AddressGate({
    publish: { allow: ["10.0.0.0/8", "2001:db8::/32"], deny: ["10.6.0.0/16"] },
    play: { allow: [], deny: ["192.0.2.0/24"] },
  });
  const cases: readonly (readonly [Partial<AccessRequest>, string])[] = [
    [{ address: "10.1.1.1" }, "pass"],
    [{ address: "2001:db8::7" }, "pass"],
    [{ address: "::ffff:10.1.1.1" }, "pass"],
    [{ address: "10.6.1.1" }, "refuse by addresses"],
    [{ address: "192.0.2.1" }, "refuse by addresses"],
    [{ address: undefined }, "refuse by addresses"],
    [{ action: "play", address: "10.1.1.1" }, "pass"],
    [{ action: "play", address: "192.0.2.1" }, "refuse by addresses"],
    [{ action: "play", address: undefined }, "refuse by addresses"],
    [{ action: "api", address: undefined }, "pass"],
  ];
  for (const [parts, expected] of cases) {
    assertEquals(outcome(gate.decide(accessRequest(parts))), expected, JSON.stringify(parts));
  }
});

Deno.test("a rule that refuses a network refuses whoever cannot be told from it", () => {
  const rules = new Rules([{ ...ALL, decision: "refuse", addresses: ["192.0.2.0/24"] }]);
  assertEquals(outcome(rules.decide(accessRequest({ address: undefined }))), "refuse by rule 1");
  assertEquals(outcome(rules.decide(accessRequest({ address: "10.0.0.1" }))), "pass");
});
