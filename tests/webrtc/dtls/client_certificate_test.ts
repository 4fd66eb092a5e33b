import { assertEquals, assertRejects } from "@std/assert";
import {
  createDtlsCertificate,
  type DtlsCertificate,
} from "../../../src/webrtc/dtls/certificate.ts";
import { seededRandom, toHex } from "../../../testing/mutation.ts";
import { connectPair, fragmentHandshake, type Network } from "../../../testing/webrtc/dtls_peer.ts";

const certificate = await createDtlsCertificate();
const client = await createDtlsCertificate();
const other = await createDtlsCertificate();

/** werift's timers, which repeat flights, outlive a session by some seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

const CERTIFICATE = 11;
const CERTIFICATE_VERIFY = 15;

function connect(
  { shown = client, toServer, wanted = client.fingerprint, algorithm = "sha-256" }: {
    readonly shown?: DtlsCertificate;
    readonly toServer?: Network;
    readonly wanted?: string;
    readonly algorithm?: string;
  } = {},
) {
  return connectPair({
    certificate,
    clientCertificate: shown,
    peerFingerprints: [{ algorithm: "sha-1", value: "AA" }, { algorithm, value: wanted }],
    ...(toServer && { toServer }),
  });
}

async function assertConnects(pair: ReturnType<typeof connect>): Promise<void> {
  try {
    assertEquals(toHex(await pair.keys), toHex(pair.clientKeys()));
  } finally {
    pair.close();
  }
}

async function assertFails(pair: ReturnType<typeof connect>, reason: string): Promise<void> {
  try {
    await assertRejects(() => pair.keys, Error, reason);
    assertEquals(pair.session.state, "closed");
  } finally {
    pair.close();
  }
}

const isMessage = (datagram: Uint8Array, type: number) =>
  datagram[0] === 22 && datagram[3] === 0 && datagram[4] === 0 && datagram[13] === type;

/** Changes the last byte of one message. */
function spoiling(type: number): Network {
  return (datagram) => {
    if (isMessage(datagram, type)) datagram[datagram.length - 1]! ^= 1;
    return [datagram];
  };
}

Deno.test({
  name: "a client with the offer's certificate connects, in fragments of any order too",
  ...WERIFT,
  fn: async () => {
    await assertConnects(connect());
    const random = seededRandom(1);
    for (const size of [7, 40, 200]) {
      await assertConnects(connect({
        toServer: (datagram) => {
          const pieces = fragmentHandshake(datagram, size);
          return [...pieces, ...pieces].sort(() => random() - 0.5);
        },
      }));
    }
  },
});

Deno.test({
  name: "lost datagrams of a client with a certificate are repeated",
  ...WERIFT,
  fn: async () => {
    const random = seededRandom(2);
    const toServer: Network = (datagram) => random() < 0.2 ? [] : [datagram];
    await Promise.all(Array.from({ length: 8 }, () => assertConnects(connect({ toServer }))));
  },
});

Deno.test({
  name: "a client with another certificate is refused",
  ...WERIFT,
  fn: () => assertFails(connect({ shown: other }), "fingerprint must be that of the offer, got"),
});

Deno.test({
  name: "a fingerprint by a hash that can be forged does not count",
  ...WERIFT,
  fn: () => assertFails(connect({ algorithm: "sha-1" }), "fingerprint must be that of the offer"),
});

Deno.test({
  name: "a fingerprint by a hash whose name means something else does not count",
  ...WERIFT,
  fn: async () => {
    for (const algorithm of ["constructor", "__proto__", "hasownproperty"]) {
      await assertFails(connect({ algorithm }), "fingerprint must be that of the offer");
    }
  },
});

Deno.test({
  name: "a client with the offer's certificate and another key is refused",
  ...WERIFT,
  fn: () =>
    assertFails(
      connect({ shown: { ...client, keyPem: other.keyPem } }),
      "must sign what was said, got something else",
    ),
});

Deno.test({
  name: "a certificate that was changed, or a signature, is refused",
  ...WERIFT,
  fn: async () => {
    await assertFails(connect({ toServer: spoiling(CERTIFICATE) }), "fingerprint must be");
    await assertFails(connect({ toServer: spoiling(CERTIFICATE_VERIFY) }), "must sign what was");
  },
});
