import { assert, assertEquals } from "@std/assert";
import { createIceCredentials } from "../../../src/webrtc/ice/credentials.ts";
import {
  CONSENT_TIMEOUT_MS,
  FIRST_CHECK_TIMEOUT_MS,
  IceLiteAgent,
  type IceResult,
} from "../../../src/webrtc/ice/ice_lite.ts";
import { parseStun, STUN_ATTRIBUTE } from "../../../src/webrtc/ice/stun.ts";
import { hasStunIntegrity } from "../../../src/webrtc/ice/stun_integrity.ts";
import type { TransportAddress } from "../../../src/address/transport_address.ts";
import { mutate, seededRandom, toHex } from "../../../testing/mutation.ts";
import {
  stunAttributes,
  type StunCheck,
  writeStunCheck,
} from "../../../testing/webrtc/stun_client.ts";
import { RFC5769_IPV4_RESPONSE } from "./stun_samples.ts";

const LOCAL = { ufrag: "ours1234", password: "password-of-the-server-1" };
const NEW_LOCAL = { ufrag: "newer567", password: "password-of-the-server-2" };
const CHECK: StunCheck = { username: "ours1234:their", password: LOCAL.password };
const NEW_CHECK: StunCheck = { username: "newer567:again", password: NEW_LOCAL.password };

const at = (port: number, transport: "udp" | "tcp" = "udp"): TransportAddress => ({
  transport,
  hostname: "192.0.2.1",
  port,
});

function startAgent(): IceLiteAgent {
  return new IceLiteAgent({ local: LOCAL, remoteUfrag: "their", nowMs: 1000 });
}

function answered(result: IceResult): Extract<IceResult, { kind: "answer" }> {
  if (result.kind !== "answer") throw new Error(`Not answered: ${JSON.stringify(result)}`);
  return result;
}

Deno.test("ICE: the first valid check is answered and selects its address", () => {
  const agent = startAgent();
  assertEquals(agent.selected, undefined);
  const result = answered(agent.receive(writeStunCheck(CHECK), at(5000), 1010));
  assertEquals(result.selected, at(5000));
  assertEquals(agent.selected, at(5000));
  const message = parseStun(result.response)!;
  assertEquals(message.stunClass, "success");
  assertEquals(message.transactionId, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  assert(hasStunIntegrity(message, LOCAL.password));
  // 5000 and 192.0.2.1, both masked by the cookie.
  const mapped = stunAttributes(result.response).get(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS)!;
  assertEquals(toHex(mapped), "0001329ae112a643");

  const again = answered(agent.receive(writeStunCheck(CHECK), at(5000), 1020));
  assertEquals(again.selected, undefined);
});

Deno.test("ICE: the newest nomination is followed, checks without one are not", () => {
  const agent = startAgent();
  const receive = (check: StunCheck, from: TransportAddress) =>
    answered(agent.receive(writeStunCheck(check), from, 1010)).selected;
  const nominating = { ...CHECK, nominates: true } as const;
  assertEquals(receive(CHECK, at(1)), at(1));
  assertEquals(receive(CHECK, at(2)), undefined);
  assertEquals(agent.selected, at(1));
  assertEquals(receive(nominating, at(2)), at(2));
  assertEquals(receive(CHECK, at(1)), undefined);
  assertEquals(receive(nominating, at(2)), undefined);
  assertEquals(receive(nominating, at(2, "tcp")), at(2, "tcp"));
  assertEquals(receive(nominating, at(3)), at(3));
  assertEquals(agent.selected, at(3));
});

Deno.test("ICE: without a name from the offer, the first valid check tells it", () => {
  const agent = new IceLiteAgent({ local: LOCAL, nowMs: 0 });
  assertEquals(agent.remoteUfrag, undefined);
  answered(agent.receive(writeStunCheck(CHECK), at(1), 1));
  assertEquals(agent.remoteUfrag, "their");
  assertEquals(
    agent.receive(writeStunCheck({ ...CHECK, username: "ours1234:else" }), at(1), 2),
    { kind: "drop", reason: "username" },
  );
});

Deno.test("ICE: what proves nothing is dropped and changes nothing", () => {
  const check = writeStunCheck(CHECK);
  const cases: readonly (readonly [reason: string, datagram: Uint8Array])[] = [
    ["malformed", new Uint8Array(0)],
    ["malformed", check.subarray(0, -4)],
    ["response", RFC5769_IPV4_RESPONSE],
    ["indication", writeStunCheck({ ...CHECK, type: 0x0011 })],
    ["method", writeStunCheck({ ...CHECK, type: 0x0003 })],
    ["username", writeStunCheck({ ...CHECK, username: "ours1234" })],
    ["username", writeStunCheck({ ...CHECK, username: "ours1234:wrong" })],
    ["username", writeStunCheck({ ...CHECK, username: "their:ours1234" })],
    ["username", writeStunCheck({ ...CHECK, username: "ours123:their" })],
    ["integrity", writeStunCheck({ ...CHECK, password: "password-of-the-server-X" })],
    ["integrity", withoutIntegrity(check)],
    ["fingerprint", Uint8Array.from(check, (byte, at) => at === check.length - 1 ? ~byte : byte)],
  ];
  const agent = startAgent();
  for (const [reason, datagram] of cases) {
    assertEquals(agent.receive(datagram, at(1), 1010), { kind: "drop", reason } as IceResult);
  }
  assertEquals(agent.selected, undefined);
  assertEquals(agent.nextTimeoutMs, 1000 + FIRST_CHECK_TIMEOUT_MS);
});

/** Without the last 32 bytes: MESSAGE-INTEGRITY and FINGERPRINT. */
function withoutIntegrity(check: Uint8Array): Uint8Array {
  const shorter = check.slice(0, -32);
  shorter[3] = shorter.length - 20;
  return shorter;
}

Deno.test("ICE: attributes that must be understood, and a claim to be controlled, are refused", () => {
  const agent = startAgent();
  const unknown = writeStunCheck({ ...CHECK, extra: [[0x7001, new Uint8Array(4)]] });
  const cases = [
    [unknown, 420],
    [writeStunCheck({ ...CHECK, role: "controlled" }), 487],
  ] as const;
  for (const [datagram, code] of cases) {
    const result = agent.receive(datagram, at(1), 1010);
    if (result.kind !== "refuse") throw new Error(`Not refused: ${JSON.stringify(result)}`);
    assertEquals(result.code, code);
    const message = parseStun(result.response)!;
    assertEquals(message.stunClass, "error");
    assert(hasStunIntegrity(message, LOCAL.password));
    const error = stunAttributes(result.response).get(STUN_ATTRIBUTE.ERROR_CODE)!;
    assertEquals(error[2]! * 100 + error[3]!, code);
  }
  assertEquals(agent.selected, undefined);
  // Who cannot prove itself is told nothing.
  const forged = writeStunCheck({
    ...CHECK,
    password: "wrong",
    extra: [[0x7001, new Uint8Array(4)]],
  });
  assertEquals(agent.receive(forged, at(1), 1010), { kind: "drop", reason: "integrity" });
});

Deno.test("ICE: a session expires without a first check, and without consent", () => {
  const agent = startAgent();
  const check = writeStunCheck(CHECK);
  assertEquals(agent.nextTimeoutMs, 1000 + FIRST_CHECK_TIMEOUT_MS);
  assert(!agent.isExpired(agent.nextTimeoutMs - 1));
  assert(agent.isExpired(agent.nextTimeoutMs));

  answered(agent.receive(check, at(1), 2000));
  assertEquals(agent.nextTimeoutMs, 2000 + CONSENT_TIMEOUT_MS);
  answered(agent.receive(check, at(1), 31_999));
  assertEquals(agent.nextTimeoutMs, 31_999 + CONSENT_TIMEOUT_MS);
  assertEquals(agent.receive(check, at(1), 31_999 + CONSENT_TIMEOUT_MS), {
    kind: "drop",
    reason: "expired",
  });

  const hasty = new IceLiteAgent({
    local: LOCAL,
    nowMs: 0,
    firstCheckTimeoutMs: 5,
    consentTimeoutMs: 7,
  });
  assertEquals(hasty.nextTimeoutMs, 5);
  answered(hasty.receive(check, at(1), 4));
  assertEquals(hasty.nextTimeoutMs, 11);
});

Deno.test("ICE: after a restart the old credentials are good until the first check with the new", () => {
  const agent = startAgent();
  const receive = (check: StunCheck, from: TransportAddress) =>
    agent.receive(writeStunCheck(check), from, 1010);
  answered(receive({ ...CHECK, nominates: true }, at(1)));
  assertEquals(agent.restart(NEW_LOCAL, "again"), undefined);
  assertEquals(agent.localUfrags, ["newer567", "ours1234"]);
  assertEquals(agent.remoteUfrag, "again");
  assertEquals(agent.selected, at(1));

  const old = answered(receive(CHECK, at(1)));
  assertEquals(old.retiredUfrag, undefined);
  assert(hasStunIntegrity(parseStun(old.response)!, LOCAL.password));

  const first = answered(receive(NEW_CHECK, at(2)));
  assertEquals([first.selected, first.retiredUfrag], [at(2), "ours1234"]);
  assert(hasStunIntegrity(parseStun(first.response)!, NEW_LOCAL.password));
  assertEquals(agent.localUfrags, ["newer567"]);
  assertEquals(receive(CHECK, at(1)), { kind: "drop", reason: "username" });
  assertEquals(answered(receive(NEW_CHECK, at(3))).retiredUfrag, undefined);
  assertEquals(agent.selected, at(2));
});

Deno.test("ICE: a restart upon a restart gives up the credentials that nobody used", () => {
  const agent = startAgent();
  agent.restart({ ufrag: "middle", password: "password-of-the-server-M" }, "again");
  assertEquals(agent.restart(NEW_LOCAL, "again"), "middle");
  assertEquals(agent.localUfrags, ["newer567", "ours1234"]);
  answered(agent.receive(writeStunCheck(CHECK), at(1), 1010));
  answered(agent.receive(writeStunCheck(NEW_CHECK), at(1), 1010));
});

Deno.test("ICE: an address that is gone is selected no more; the next check may select another", () => {
  const agent = startAgent();
  const tcp = at(1, "tcp");
  answered(agent.receive(writeStunCheck({ ...CHECK, nominates: true }), tcp, 1010));
  agent.removeAddress(at(1));
  assertEquals(agent.selected, tcp);
  agent.removeAddress(tcp);
  assertEquals(agent.selected, undefined);
  assertEquals(
    answered(agent.receive(writeStunCheck(CHECK), at(2), 1011)).selected,
    at(2),
  );
});

Deno.test("ICE: mutated checks are dropped, unless the mutation is behind what is signed", () => {
  const check = writeStunCheck({ ...CHECK, nominates: true });
  const signed = toHex(check.subarray(4, -8));
  const random = seededRandom(3);
  const agent = startAgent();
  let dropped = 0;
  for (let round = 0; round < 3000; round++) {
    const datagram = mutate(check, random);
    const result = agent.receive(datagram, at(1), 1010);
    if (result.kind === "drop") dropped++;
    else assert(toHex(datagram).includes(signed), `answered ${toHex(datagram)}`);
  }
  assert(dropped > 2500, `only ${dropped} of 3000 were dropped`);
});

Deno.test("ICE: credentials are ice-chars of the lengths that RFC 8445 5.3 wants", () => {
  let next = 0;
  const random = (length: number) => Uint8Array.from({ length }, () => (next += 41) % 256);
  const one = createIceCredentials(random);
  assert(/^[A-Za-z0-9+/]{8}$/.test(one.ufrag), one.ufrag);
  assert(/^[A-Za-z0-9+/]{24}$/.test(one.password), one.password);
  const other = createIceCredentials(random);
  assert(one.ufrag !== other.ufrag && one.password !== other.password);
});
