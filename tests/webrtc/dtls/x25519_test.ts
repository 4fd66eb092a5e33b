import { assertEquals, assertThrows } from "@std/assert";
import nacl from "tweetnacl";
import { createDtlsCertificate } from "../../../src/webrtc/dtls/certificate.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { agreeByX25519, createX25519KeyPair } from "../../../src/webrtc/dtls/x25519.ts";
import { connectPair } from "../../../testing/webrtc/dtls_peer.ts";

/** RFC 7748 5.2, the first. */
const VECTOR = {
  scalar: "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
  point: "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
  result: "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
};

Deno.test("X25519 gives what RFC 7748 gives", () => {
  const scalar = Uint8Array.fromHex(VECTOR.scalar);
  const shared = agreeByX25519(scalar, Uint8Array.fromHex(VECTOR.point));
  assertEquals(shared.toHex(), VECTOR.result);
});

Deno.test("both sides agree, and each pair is another", () => {
  const ours = createX25519KeyPair();
  const theirs = createX25519KeyPair();
  assertEquals([ours.publicKey.buffer.byteLength, ours.secretKey.buffer.byteLength], [32, 32]);
  assertEquals(
    agreeByX25519(ours.secretKey, theirs.publicKey),
    agreeByX25519(theirs.secretKey, ours.publicKey),
  );
  assertEquals(ours.publicKey.toHex() === theirs.publicKey.toHex(), false);
});

Deno.test("keys of another length and points of small order are refused", () => {
  const { secretKey, publicKey } = createX25519KeyPair();
  for (const length of [0, 31, 33]) {
    assertThrows(() => agreeByX25519(new Uint8Array(length), publicKey), WebrtcError);
    assertThrows(() => agreeByX25519(secretKey, new Uint8Array(length)), WebrtcError);
  }
  for (const first of [0, 1]) {
    const point = new Uint8Array(32);
    point[0] = first;
    assertThrows(() => agreeByX25519(secretKey, point), WebrtcError);
  }
});

Deno.test("werift's handshakes go by it, on both sides", async () => {
  const { keyPair } = nacl.box;
  const { scalarMult } = nacl;
  let pairs = 0;
  let agreements = 0;
  nacl.box.keyPair = Object.assign(() => (pairs++, keyPair()), keyPair);
  nacl.scalarMult = Object.assign(
    (secret: Uint8Array, point: Uint8Array) => (agreements++, scalarMult(secret, point)),
    scalarMult,
  );
  const pair = connectPair({ certificate: await createDtlsCertificate() });
  try {
    assertEquals(await pair.keys, pair.clientKeys());
  } finally {
    pair.close();
    nacl.box.keyPair = keyPair;
    nacl.scalarMult = scalarMult;
  }
  assertEquals([pairs, agreements], [2, 2]);
  assertEquals(scalarMult, agreeByX25519 as unknown);
});
