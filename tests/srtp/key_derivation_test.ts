import { assertEquals, assertThrows } from "@std/assert";
import {
  deriveSessionKeys,
  splitDtlsExport,
  type SrtpMasterKey,
} from "../../src/srtp/key_derivation.ts";
import { SrtpError } from "../../src/srtp/srtp_error.ts";
import { seededRandom, toHex } from "../../testing/mutation.ts";
import { referenceKeys } from "../../testing/webrtc/reference_srtp.ts";
import { randomMaster, RFC_MASTER, sessionKeyDigits } from "./samples.ts";

Deno.test("RFC 3711 B.3", () => {
  assertEquals(sessionKeyDigits(RFC_MASTER, "srtp"), [
    "C61E7A93744F39EE10734AFE3FF7A087",
    "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
    "30CBBC08863D8C85D49DB34A9AE1",
  ]);
});

Deno.test("SRTP and SRTCP keys of random master keys equal the reference", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 50; round++) {
    const master = randomMaster(random);
    assertEquals(deriveSessionKeys(master, "srtp"), referenceKeys(master, 0));
    assertEquals(deriveSessionKeys(master, "srtcp"), referenceKeys(master, 3));
  }
});

Deno.test("a DTLS export is client key, server key, client salt, server salt", () => {
  const { client, server } = splitDtlsExport(Uint8Array.from({ length: 60 }, (_, at) => at));
  assertEquals(toHex(client.key), "000102030405060708090a0b0c0d0e0f");
  assertEquals(toHex(server.key), "101112131415161718191a1b1c1d1e1f");
  assertEquals(toHex(client.salt), "202122232425262728292a2b2c2d");
  assertEquals(toHex(server.salt), "2e2f303132333435363738393a3b");
});

Deno.test("wrong lengths are refused", () => {
  for (const length of [0, 59, 61]) {
    assertThrows(() => splitDtlsExport(new Uint8Array(length)), SrtpError, `got ${length}`);
  }
  const wrong: SrtpMasterKey[] = [
    { key: new Uint8Array(15), salt: new Uint8Array(14) },
    { key: new Uint8Array(16), salt: new Uint8Array(16) },
  ];
  for (const master of wrong) {
    assertThrows(() => deriveSessionKeys(master, "srtp"), SrtpError, "Cannot derive session keys");
  }
});
