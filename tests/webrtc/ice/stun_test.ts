import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import {
  MAX_STUN_ATTRIBUTES,
  parseStun,
  STUN_ATTRIBUTE,
  STUN_MAGIC_COOKIE,
  stunUsername,
} from "../../../src/webrtc/ice/stun.ts";
import {
  hasStunIntegrity,
  sealStun,
  stunFingerprint,
} from "../../../src/webrtc/ice/stun_integrity.ts";
import {
  STUN_ERROR,
  writeStunError,
  writeStunSuccess,
} from "../../../src/webrtc/ice/stun_response.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import {
  stunAttributes,
  writeAttribute,
  writeStunCheck,
} from "../../../testing/webrtc/stun_client.ts";
import {
  RFC5769_IPV4_RESPONSE,
  RFC5769_IPV6_RESPONSE,
  RFC5769_PASSWORD,
  RFC5769_REQUEST,
} from "./stun_samples.ts";

const CHECK = { username: "ours:their", password: "a password of some length" };

Deno.test("STUN: the request of RFC 5769 2.1", () => {
  const message = parseStun(RFC5769_REQUEST)!;
  const { bytes, transactionId, ...fields } = message;
  assertEquals(fields, {
    stunClass: "request",
    method: 1,
    username: { localUfrag: "evtj", remoteUfrag: "h6vY" },
    priority: 0x6e0001ff,
    useCandidate: false,
    role: "controlled",
    unknownAttributes: [],
    integrityAt: 76,
    fingerprintAt: 100,
  });
  assertEquals(toHex(transactionId), "b7e7a701bc34d686fa87dfae");
  assert(bytes === RFC5769_REQUEST);
  assert(hasStunIntegrity(message, RFC5769_PASSWORD));
  assertEquals(stunFingerprint(message), "right");
  assertEquals(stunUsername(RFC5769_REQUEST), message.username);
});

Deno.test("STUN: the responses of RFC 5769 2.2 and 2.3, and the same address by our writer", () => {
  const cases = [
    [RFC5769_IPV4_RESPONSE, "192.0.2.1"],
    [RFC5769_IPV6_RESPONSE, "2001:db8:1234:5678:11:2233:4455:6677"],
  ] as const;
  for (const [sample, hostname] of cases) {
    const message = parseStun(sample)!;
    assertEquals(message.stunClass, "success");
    assert(hasStunIntegrity(message, RFC5769_PASSWORD));
    assertEquals(stunFingerprint(message), "right");

    const written = writeStunSuccess(
      { transactionId: message.transactionId, password: RFC5769_PASSWORD },
      { transport: "udp", hostname, port: 32_853 },
    );
    const type = STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS;
    assertEquals(stunAttributes(written).get(type), stunAttributes(sample).get(type));
    // The header, that attribute and the seal, which covers the right length.
    const again = parseStun(written)!;
    assertEquals(toHex(written.subarray(0, 2)), "0101");
    assertEquals(again.transactionId, message.transactionId);
    assert(hasStunIntegrity(again, RFC5769_PASSWORD));
    assertEquals(stunFingerprint(again), "right");
  }
});

Deno.test("STUN: an IPv4 peer of a socket for both families learns its IPv4 address", () => {
  const answered = { transactionId: new Uint8Array(12), password: "p" };
  const write = (hostname: string) =>
    toHex(writeStunSuccess(answered, { transport: "udp", hostname, port: 1 }));
  assertEquals(write("::ffff:192.0.2.1"), write("192.0.2.1"));
  assertThrows(() => write("example.com"), WebrtcError, "must come from an IP address");
});

Deno.test("STUN: errors hold code, reason and what was not understood", () => {
  const answered = { transactionId: new Uint8Array(12).fill(5), password: CHECK.password };
  const message = writeStunError(answered, STUN_ERROR.UNKNOWN_ATTRIBUTE, [0x7001, 0x7002, 0x7003]);
  const attributes = stunAttributes(message);
  assertEquals(
    toHex(attributes.get(STUN_ATTRIBUTE.ERROR_CODE)!),
    "00000414" + toHex(new TextEncoder().encode("Unknown Attribute")),
  );
  assertEquals(toHex(attributes.get(STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES)!), "700170027003");
  const parsed = parseStun(message)!;
  assertEquals(parsed.stunClass, "error");
  assert(hasStunIntegrity(parsed, CHECK.password));
  assertEquals(stunFingerprint(parsed), "right");
});

Deno.test("STUN: any changed bit before FINGERPRINT breaks it, and any before MI breaks that", () => {
  for (let at = 0; at < RFC5769_REQUEST.length; at++) {
    const changed = RFC5769_REQUEST.slice();
    changed[at]! ^= 0x04;
    const message = parseStun(changed);
    if (message === undefined) continue;
    assert(stunFingerprint(message) !== "right", `fingerprint with byte ${at} changed`);
    if (at < 100) {
      assert(!hasStunIntegrity(message, RFC5769_PASSWORD), `integrity with byte ${at} changed`);
    }
  }
  assert(!hasStunIntegrity(parseStun(RFC5769_REQUEST)!, RFC5769_PASSWORD + "x"));
});

Deno.test("STUN: what follows MESSAGE-INTEGRITY is not believed", () => {
  const writer = new ByteWriter().u16(1).u16(0).u32(STUN_MAGIC_COOKIE).bytes(new Uint8Array(12));
  const signed = sealStun(writer, "p").slice(0, -8);
  writer.bytes(signed);
  writeAttribute(writer, STUN_ATTRIBUTE.USE_CANDIDATE, new Uint8Array(0));
  writeAttribute(writer, STUN_ATTRIBUTE.USERNAME, new TextEncoder().encode("ours:their"));
  writeAttribute(writer, 0x7001, new Uint8Array(0));
  const forged = writer.patchU16(2, writer.length - 20).take();
  const message = parseStun(forged)!;
  assert(hasStunIntegrity(message, "p"));
  assertEquals([message.useCandidate, message.username, message.unknownAttributes], [
    false,
    undefined,
    [],
  ]);
  assertEquals(stunUsername(forged), undefined);
});

Deno.test("STUN: classes and methods", () => {
  const header = (type: string) => parseStun(fromHex(`${type}0000 2112a442 ${"00".repeat(12)}`))!;
  const cases = [
    ["0001", "request", 1],
    ["0011", "indication", 1],
    ["0101", "success", 1],
    ["0111", "error", 1],
    ["0003", "request", 3],
    ["3eef", "request", 0xfff],
  ] as const;
  for (const [type, stunClass, method] of cases) {
    const message = header(type);
    assertEquals([message.stunClass, message.method], [stunClass, method], type);
  }
});

Deno.test("STUN: of repeated attributes the first counts, and unknown ones are listed once", () => {
  const text = new TextEncoder();
  const message = parseStun(writeStunCheck({
    ...CHECK,
    extra: [
      [STUN_ATTRIBUTE.USERNAME, text.encode("other:name")],
      [STUN_ATTRIBUTE.PRIORITY, new Uint8Array(4)],
      [0x7001, new Uint8Array(3)],
      [0x7001, new Uint8Array(0)],
      [0x0026, new Uint8Array(0)],
      [0x9999, new Uint8Array(0)],
    ],
  }))!;
  assertEquals(message.username, { localUfrag: "ours", remoteUfrag: "their" });
  assertEquals(message.priority, 0x6e7f1eff);
  assertEquals(message.unknownAttributes, [0x7001, 0x0026]);
});

Deno.test("STUN: a name without a colon is none, and hides one that follows", () => {
  const second = [STUN_ATTRIBUTE.USERNAME, new TextEncoder().encode("ours:their")] as const;
  const check = writeStunCheck({ ...CHECK, username: "ours", extra: [second] });
  assertEquals(parseStun(check)?.username, undefined);
  assertEquals(stunUsername(check), undefined);
  const several = writeStunCheck({ ...CHECK, username: "ours:their:more" });
  assertEquals(stunUsername(several), { localUfrag: "ours", remoteUfrag: "their:more" });
});

Deno.test("STUN: refused if cut short anywhere, or with anything behind it", () => {
  for (let length = 0; length < RFC5769_REQUEST.length; length++) {
    assertEquals(parseStun(RFC5769_REQUEST.subarray(0, length)), undefined);
    assertEquals(stunUsername(RFC5769_REQUEST.subarray(0, length)), undefined);
  }
  const longer = new ByteWriter().bytes(RFC5769_REQUEST).u32(0).take();
  assertEquals(parseStun(longer), undefined);
  // Also if the length says so: nothing may follow FINGERPRINT.
  assertEquals(parseStun(Uint8Array.from(longer, (byte, at) => at === 3 ? 0x5c : byte)), undefined);
});

Deno.test("STUN: refused with attributes of a wrong length, and too many or too long ones", () => {
  const wrong = [
    [STUN_ATTRIBUTE.PRIORITY, 3],
    [STUN_ATTRIBUTE.USE_CANDIDATE, 1],
    [STUN_ATTRIBUTE.ICE_CONTROLLING, 4],
    [STUN_ATTRIBUTE.ICE_CONTROLLED, 9],
    [STUN_ATTRIBUTE.MESSAGE_INTEGRITY, 19],
    [STUN_ATTRIBUTE.FINGERPRINT, 8],
    [STUN_ATTRIBUTE.USERNAME, 514],
  ] as const;
  for (const [type, length] of wrong) {
    const check = writeStunCheck({ ...CHECK, extra: [[type, new Uint8Array(length)]] });
    assertEquals(parseStun(check), undefined, `${type} of ${length}`);
  }
  const many = (count: number) =>
    writeStunCheck({
      ...CHECK,
      extra: Array.from({ length: count }, () => [0x9999, new Uint8Array(0)] as const),
    });
  // A check has six of its own.
  assert(parseStun(many(MAX_STUN_ATTRIBUTES - 6)) !== undefined);
  assertEquals(parseStun(many(MAX_STUN_ATTRIBUTES - 5)), undefined);
  const long = (length: number) =>
    writeStunCheck({ ...CHECK, extra: [[0x9999, new Uint8Array(length)]] });
  assert(parseStun(long(1900)) !== undefined);
  assertEquals(parseStun(long(2000)), undefined);
});

Deno.test("STUN: survives mutation", () => {
  const samples = [RFC5769_REQUEST, RFC5769_IPV6_RESPONSE, writeStunCheck(CHECK)];
  const allowsNothing = class extends Error {};
  surviveMutations(samples, (bytes) => {
    const message = parseStun(bytes);
    stunUsername(bytes);
    if (message === undefined) return;
    hasStunIntegrity(message, RFC5769_PASSWORD);
    stunFingerprint(message);
  }, allowsNothing);
});
