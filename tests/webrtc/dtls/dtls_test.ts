import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DtlsSession } from "../../../src/webrtc/dtls/dtls.ts";
import { createDtlsCertificate } from "../../../src/webrtc/dtls/certificate.ts";
import { mutate, seededRandom, toHex } from "../../../testing/mutation.ts";
import {
  connectPair,
  COOKIE,
  COOKIES,
  fragmentHandshake,
  type Network,
} from "../../../testing/webrtc/dtls_peer.ts";

const certificate = await createDtlsCertificate();

/** werift's timers, which repeat flights, outlive a session by some seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

async function assertConnects(toServer: Network, toClient?: Network): Promise<void> {
  const pair = connectPair({ certificate, toServer, ...(toClient && { toClient }) });
  try {
    assertEquals(toHex(await pair.keys), toHex(pair.clientKeys()));
    assertEquals(pair.session.state, "connected");
    assertEquals(pair.session.deadlineMs, undefined);
  } finally {
    pair.close();
  }
}

Deno.test("a certificate has a fingerprint as SDP writes it", () => {
  assertMatch(certificate.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

Deno.test({
  name: "werift's client connects and exports the same keys",
  ...WERIFT,
  fn: () => assertConnects((datagram) => [datagram]),
});

Deno.test({
  name: "fragments of any size, in any order, twice",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(1);
    for (const size of [1, 7, 40, 100, 1000]) {
      await assertConnects((datagram) => fragmentHandshake(datagram, size));
      await assertConnects((datagram) => fragmentHandshake(datagram, size).reverse());
      await assertConnects((datagram) => {
        const pieces = fragmentHandshake(datagram, size);
        return [...pieces, ...pieces].sort(() => random() - 0.5);
      });
    }
  },
});

Deno.test({
  name: "Finished before the key exchange, and everything twice",
  ...WERIFT,
  fn: async () => {
    // werift's client sends key exchange, change cipher spec and Finished as datagrams of their own.
    let kept: Uint8Array[] = [];
    const isKeyExchange = (datagram: Uint8Array) => datagram[0] === 22 && datagram[13] === 16;
    await assertConnects((datagram) => {
      if (isKeyExchange(datagram)) kept = [datagram];
      if (kept.length === 0) return [datagram, datagram];
      if (!isKeyExchange(datagram)) kept.unshift(datagram, datagram);
      return kept.length < 5 ? [] : kept;
    });
    assertEquals(kept.length, 5, "the order was changed");
  },
});

Deno.test({
  name: "lost datagrams are repeated, 12 sessions at a loss of a fifth",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(2);
    let lost = 0;
    const lossy: Network = (datagram) => {
      if (random() < 0.2) return lost++, [];
      return [datagram];
    };
    // Only the way to us: werift's client stands no gaps in what it receives.
    await Promise.all(Array.from({ length: 12 }, () => assertConnects(lossy)));
    assert(lost > 3, `${lost} lost`);
  },
});

Deno.test({
  name: "our lost flight is sent again when the peer repeats its hello, and by werift's timer",
  ...WERIFT,
  fn: async () => {
    let sent = 0;
    // The first HelloVerifyRequest, and all four of the second flight.
    const lost = [1, 3, 4, 5, 6];
    await assertConnects((datagram) => [datagram], (datagram) => {
      return lost.includes(++sent) ? [] : [datagram];
    });
    assert(sent > 6 + 4, `${sent} sent`);
  },
});

Deno.test({
  name: "60 handshakes at once",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(3);
    const network: Network = (datagram) =>
      fragmentHandshake(datagram, 60).sort(() => random() - 0.5);
    await Promise.all(Array.from({ length: 60 }, () => assertConnects(network)));
  },
});

Deno.test({
  name: "Finished repeated after the end of the handshake changes nothing",
  ...WERIFT,
  fn: async () => {
    const seen: Uint8Array[] = [];
    let answers = 0;
    const pair = connectPair({
      certificate,
      toServer: (datagram) => (seen.push(datagram), [datagram]),
      toClient: (datagram) => (answers++, [datagram]),
    });
    const keys = toHex(await pair.keys);
    const before = answers;
    for (let round = 0; round < 100; round++) {
      for (const datagram of seen) pair.session.receive(datagram, COOKIE);
    }
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    assertEquals(pair.session.state, "connected");
    assertEquals(toHex(pair.clientKeys()), keys);
    assert(answers > before, "the last flight is sent again");
    assert(answers <= before + 2 * 64, `bounded: ${answers - before}`);
    pair.close();
  },
});

Deno.test({
  name: "garbage before, between and after changes nothing",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(4);
    const garbage = (): Uint8Array => {
      const bytes = Uint8Array.from({ length: random() * 60 }, () => random() * 256);
      if (random() < 0.7) {
        bytes.set([20 + random() * 5, 254, 253, 0, random() * 2].slice(0, bytes.length));
      }
      // An alert in clear would be believed.
      return bytes[0] === 21 ? bytes.subarray(0, 1) : bytes;
    };
    await assertConnects((datagram) => [garbage(), garbage(), datagram, garbage()]);
  },
});

Deno.test({
  name: "without a common SRTP profile the handshake fails",
  ...WERIFT,
  fn: async () => {
    const pair = connectPair({ certificate, srtpProfiles: [7] });
    await assertRejects(() => pair.keys, Error, "failed: ");
    assertEquals(pair.session.state, "closed");
    pair.close();
  },
});

Deno.test({
  name: "time-out: not before, once, and not when connected",
  ...WERIFT,
  fn: async () => {
    const ends: string[] = [];
    const session = new DtlsSession({
      certificate,
      nowMs: 1000,
      handshakeTimeoutMs: 500,
      send: () => {},
      ...COOKIES,
      onConnected: () => {},
      onEnd: ({ kind, reason }) => ends.push(`${kind}: ${reason}`),
    });
    assertEquals(session.deadlineMs, 1500);
    session.handleTimeout(1499);
    assertEquals(ends, []);
    session.handleTimeout(1500);
    session.handleTimeout(1501);
    assertEquals(ends, ["failed: handshake timed out"]);
    assertEquals(session.deadlineMs, undefined);

    const pair = connectPair({ certificate });
    await pair.keys;
    pair.session.handleTimeout(1e9);
    assertEquals(pair.session.state, "connected");
    pair.close();
  },
});

Deno.test({
  name: "alerts in clear count during the handshake only",
  ...WERIFT,
  fn: async () => {
    const alert = (level: number, description: number) =>
      Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, level, description);
    const cases: [Uint8Array, string[]][] = [
      [alert(1, 0), ["closed: peer sent close_notify"]],
      [alert(2, 42), ["failed: peer sent alert 42"]],
      [alert(1, 90), []],
      [alert(3, 0), []],
    ];
    for (const [datagram, expected] of cases) {
      const ends: string[] = [];
      const session = new DtlsSession({
        certificate,
        nowMs: 0,
        send: () => {},
        ...COOKIES,
        onConnected: () => {},
        onEnd: ({ kind, reason }) => ends.push(`${kind}: ${reason}`),
      });
      session.receive(datagram, COOKIE);
      assertEquals(ends, expected);
      session.close();
    }
    const pair = connectPair({ certificate });
    await pair.keys;
    assertEquals(pair.session.receive(alert(2, 42), COOKIE), false);
    const forged = Uint8Array.of(21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 2, 42);
    assertEquals(pair.session.receive(forged, COOKIE), false);
    assertEquals(pair.session.state, "connected");
    pair.close();
  },
});

Deno.test({
  name: "mutations of a whole handshake never throw, and connect nobody",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(5);
    const sent: Uint8Array[] = [];
    const pair = connectPair({
      certificate,
      toServer: (datagram) => (sent.push(datagram), [datagram]),
    });
    await pair.keys;
    pair.close();
    assert(sent.length >= 5);
    let connected = 0;
    for (let round = 0; round < 500; round++) {
      const session = new DtlsSession({
        certificate,
        nowMs: 0,
        send: () => {},
        ...COOKIES,
        onConnected: () => connected++,
        onEnd: () => {},
      });
      for (const datagram of sent) {
        session.receive(random() < 0.5 ? mutate(datagram, random) : datagram, COOKIE);
      }
      await Promise.resolve();
      session.close();
    }
    assertEquals(connected, 0, "a recorded handshake fits no other session");
  },
});

Deno.test({
  name: "a mutation behind each true datagram disturbs no handshake",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(6);
    for (let round = 0; round < 200; round++) {
      await assertConnects((datagram) => {
        const mutation = mutate(datagram, random);
        // An alert in clear would be believed.
        return mutation[0] === 21 ? [datagram] : [datagram, mutation];
      });
    }
  },
});

Deno.test({
  name: "data go both ways once connected, and none are taken where none are wanted",
  ...WERIFT,
  fn: async () => {
    const toServer: string[] = [];
    const pair = connectPair({ certificate, onData: (data) => void toServer.push(toHex(data)) });
    let last = new Uint8Array();
    const unwanted = connectPair({
      certificate,
      toServer: (datagram) => [last = Uint8Array.from(datagram)],
    });
    try {
      pair.session.sendData(Uint8Array.of(9));
      await Promise.all([pair.keys, unwanted.keys]);
      const arrived = new Promise<string>((resolve) => {
        let all = "";
        pair.client.onData.subscribe((data) => {
          all += toHex(data);
          if (all.length === 4) resolve(all);
        });
      });
      pair.session.sendData(Uint8Array.of(1));
      pair.session.sendData(Uint8Array.of(2));
      assertEquals(await arrived, "0102");
      await pair.client.send(Buffer.from([3, 4]));
      await unwanted.client.send(Buffer.from([5]));
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(toServer, ["0304"]);
      assertEquals(unwanted.session.receive(last, COOKIE), false);
    } finally {
      pair.close();
      unwanted.close();
    }
  },
});
