import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  CLIENT_KEY,
  CLIENT_SIGNING_KEY,
  findDigest,
  HANDSHAKE_PACKET_LENGTH,
  packetSignature,
  placeDigest,
  SERVER_KEY,
  SERVER_SIGNING_KEY,
  signPacket,
} from "../../../src/rtmp/handshake/digest.ts";
import { type ClientProof, ServerHandshake } from "../../../src/rtmp/handshake/handshake.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { everySplit, seededRandom, surviveMutations } from "../../../testing/mutation.ts";
import {
  clientAnswer,
  clientDigestHello,
  clientHello,
  SERVER_HANDSHAKE_LENGTH,
} from "../../../testing/rtmp/client.ts";

const readFixture = (name: string) =>
  Deno.readFileSync(new URL(`../../../testing/fixtures/${name}`, import.meta.url));

function randomBytes(): (length: number) => Uint8Array {
  const random = seededRandom(7);
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** The server's answer to `hello`, in one piece. */
function answerTo(hello: Uint8Array): { s1: Uint8Array; s2: Uint8Array } {
  const handshake = new ServerHandshake(randomBytes());
  handshake.push(hello);
  const output = handshake.takeOutput()!;
  assertEquals(output.length, SERVER_HANDSHAKE_LENGTH);
  assertEquals(output[0], 3);
  return {
    s1: output.subarray(1, 1 + HANDSHAKE_PACKET_LENGTH),
    s2: output.subarray(1 + HANDSHAKE_PACKET_LENGTH),
  };
}

Deno.test("the simple handshake echoes C1", () => {
  const hello = clientHello();
  const { s1, s2 } = answerTo(hello);
  assertEquals(s2, hello.subarray(1));
  assertEquals(s1.subarray(0, 8), new Uint8Array(8));
  assert(new Set(s1).size > 100, "S1 is random");
});

Deno.test("a handshake is the same however it arrives, and leaves what follows", () => {
  const whole = Uint8Array.of(...clientHello(), ...clientAnswer(), 0xc3, 0xc4);
  const cuts = [0, 1, 2, 1536, 1537, 1538, 3072, 3073, 3074];
  const splits = cuts.map((at) => [whole.subarray(0, at), whole.subarray(at)]);
  splits.push(Array.from(whole, (byte) => Uint8Array.of(byte)));
  for (const pieces of splits) {
    const handshake = new ServerHandshake(randomBytes());
    let used = 0;
    let outputLength = 0;
    for (const piece of pieces) {
      used += handshake.push(piece);
      outputLength += handshake.takeOutput()?.length ?? 0;
      assertEquals(handshake.done, used === whole.length - 2);
    }
    assertEquals(used, whole.length - 2);
    assertEquals(outputLength, SERVER_HANDSHAKE_LENGTH);
  }
});

for (const scheme of [0, 1] as const) {
  Deno.test(`a digest of scheme ${scheme} is answered in that scheme and signed`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const hello = clientDigestHello(scheme, seededRandom(seed));
      const found = findDigest(hello.subarray(1), CLIENT_KEY);
      assertEquals(found?.scheme, scheme);
      const { s1, s2 } = answerTo(hello);
      assertEquals(findDigest(s1, SERVER_KEY)?.scheme, scheme);
      assert(s1[4]! >= 3, "clients look for digests only from version 3");
      const signature = packetSignature(s2, found!.digest, SERVER_SIGNING_KEY);
      assertEquals(s2.subarray(-32), Uint8Array.from(signature));
    }
  });
}

/** Version fields of Adobe's tools and of what passes for them, with a digest behind each. */
const TOOL_VERSIONS: [string, number[]][] = [
  ["Flash Player 9.0.124.2", [9, 0, 124, 2]],
  ["Flash Player 10.0.32.18", [10, 0, 32, 18]],
  ["Flash Player 10 as it asks for a digest", [0x80, 0, 7, 2]],
  ["Flash Player 9 as it asks for a digest", [0x80, 0, 3, 2]],
  ["Flash Player 32", [32, 0, 0, 101]],
  ["Flash Media Live Encoder 3.2", [3, 2, 0, 9]],
];

for (const [tool, version] of TOOL_VERSIONS) {
  Deno.test(`a digest with the version of ${tool} is answered, in either scheme`, () => {
    for (const scheme of [0, 1] as const) {
      const hello = clientDigestHello(scheme, seededRandom(21));
      hello.set(version, 5);
      placeDigest(hello.subarray(1), scheme, CLIENT_KEY);
      const { s1, s2 } = answerTo(hello);
      assertEquals(findDigest(s1, SERVER_KEY)?.scheme, scheme);
      assertNotEquals(s2, hello.subarray(1));
    }
  });
}

Deno.test("a version without a digest is answered with the echo, as one that has none", () => {
  for (const version of [[0, 0, 0, 0], [3, 2, 0, 9], [9, 0, 124, 2], [128, 0, 7, 2]]) {
    const hello = clientHello();
    hello.set(version, 5);
    const { s1, s2 } = answerTo(hello);
    assertEquals(s2, hello.subarray(1));
    assertEquals(s1.subarray(4, 8), new Uint8Array(4));
  }
});

/** Sends `c2Of` what the server answered to `hello`, and returns what that C2 was taken for. */
function proofOf(
  hello: Uint8Array,
  c2Of: (answer: { s1: Uint8Array; s2: Uint8Array }) => Uint8Array,
): ClientProof | undefined {
  const handshake = new ServerHandshake(randomBytes());
  handshake.push(hello);
  const output = handshake.takeOutput()!.subarray(1);
  assertEquals(handshake.proof, undefined);
  const [s1, s2] = [output.subarray(0, 1536), output.subarray(1536)];
  const c2 = c2Of({ s1, s2 });
  for (const piece of [c2.subarray(0, 700), c2.subarray(700)]) handshake.push(piece);
  assertEquals(handshake.done, true);
  return handshake.proof;
}

Deno.test("a C2 is recognised, and none is refused", () => {
  const simple = clientHello();
  assertEquals(proofOf(simple, ({ s1 }) => s1), "echo");
  // Its first eight bytes are times.
  assertEquals(proofOf(simple, ({ s1 }) => s1.map((byte, at) => at < 8 ? 77 : byte)), "echo");
  assertEquals(
    proofOf(simple, ({ s1 }) => s1.map((byte, at) => at === 8 ? ~byte : byte)),
    "mismatch",
  );
  assertEquals(proofOf(simple, ({ s1 }) => s1.map((b, at) => at === 1535 ? ~b : b)), "mismatch");
  assertEquals(proofOf(simple, () => clientAnswer()), "mismatch");
  assertEquals(proofOf(simple, () => simple.subarray(1)), "mismatch");
});

for (const scheme of [0, 1] as const) {
  Deno.test(`a C2 signed for a digest of scheme ${scheme} is recognised`, () => {
    const hello = clientDigestHello(scheme, seededRandom(4));
    const sign = ({ s1 }: { s1: Uint8Array }) => {
      const c2 = new Uint8Array(1536).fill(0x33);
      signPacket(c2, findDigest(s1, SERVER_KEY)!.digest, CLIENT_SIGNING_KEY);
      return c2;
    };
    assertEquals(proofOf(hello, sign), "signed");
    assertEquals(proofOf(hello, (answer) => sign(answer).fill(0, 5, 6)), "mismatch");
    // librtmp without SWF verification, and many others, echo S1 though digests are used.
    assertEquals(proofOf(hello, ({ s1 }) => s1), "echo");
  });
}

Deno.test("the version asked for is told", () => {
  for (const version of [0, 3, 6, 31]) {
    const hello = clientHello();
    hello[0] = version;
    const handshake = new ServerHandshake(randomBytes());
    assertEquals(handshake.version, 3);
    handshake.push(hello.subarray(0, 1));
    assertEquals(handshake.version, version);
  }
});

Deno.test("a digest that is wrong by one bit is answered with the echo", () => {
  const hello = clientDigestHello(1, seededRandom(3));
  hello[1000]! ^= 1;
  assertEquals(answerTo(hello).s2, hello.subarray(1));
});

Deno.test("digests of real clients are found", () => {
  for (const name of ["rtmp_ffmpeg_play_digest.bin", "rtmp_rtmpdump_play_digest.bin"]) {
    const hello = readFixture(name).subarray(0, 1537);
    assert(findDigest(hello.subarray(1), CLIENT_KEY) !== undefined, name);
  }
  assertEquals(SERVER_SIGNING_KEY.length, 68);
});

Deno.test("other versions of RTMP are offered version 3", () => {
  for (const version of [0, 2, 3, 6, 8, 31]) {
    const hello = clientHello();
    hello[0] = version;
    answerTo(hello);
  }
});

Deno.test("what is no RTMP is refused at its first byte, with a guess", () => {
  const cases: [number, string][] = [
    [0x47, "looks like HTTP"],
    [0x16, "looks like TLS"],
    [0x7e, "looks like text"],
    [0x20, "looks like text"],
    [0xff, "no protocol known"],
  ];
  for (const [byte, guess] of cases) {
    const handshake = new ServerHandshake(randomBytes());
    assertThrows(() => handshake.push(Uint8Array.of(byte)), RtmpError, guess);
    assertEquals(handshake.takeOutput(), undefined);
  }
});

Deno.test("handshakes survive mutations", () => {
  const hello = clientDigestHello(0, seededRandom(5));
  const samples = [hello, Uint8Array.of(...hello, ...clientAnswer())];
  const decode = (bytes: Uint8Array) => void new ServerHandshake(randomBytes()).push(bytes);
  surviveMutations(samples, decode, RtmpError, { count: 150 });
  for (const pieces of everySplit(hello.subarray(0, 40))) {
    const handshake = new ServerHandshake(randomBytes());
    for (const piece of pieces) assertEquals(handshake.push(piece), piece.length);
    assertEquals(handshake.takeOutput(), undefined);
  }
});
