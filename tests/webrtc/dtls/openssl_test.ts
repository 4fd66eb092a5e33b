import { assert, assertEquals } from "@std/assert";
import { COOKIE, COOKIES } from "../../../testing/webrtc/dtls_peer.ts";
import { DtlsSession } from "../../../src/webrtc/dtls/dtls.ts";
import { createDtlsCertificate } from "../../../src/webrtc/dtls/certificate.ts";
import { toHex } from "../../../testing/mutation.ts";
import { isPeerMissing } from "../../../testing/peers.ts";

const certificate = await createDtlsCertificate();

interface Visit {
  /** As the client printed them. */
  readonly clientKeys: string;
  readonly exportedKeys: string;
  readonly end: string;
  /** How many of the client's datagrams came. */
  readonly datagramCount: number;
}

/** Serves one session to `openssl s_client`; who ends it, does so by an encrypted close_notify. */
async function visit(whoEnds: "client" | "server", flags: string[]): Promise<Visit> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const ended = Promise.withResolvers<string>();
  let peer: Deno.Addr = socket.addr;
  let exportedKeys = "";
  let datagramCount = 0;
  const client = new Deno.Command("openssl", {
    args: [
      ...["s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`],
      ...["-use_srtp", "SRTP_AES128_CM_SHA1_80", "-keymatexport", "EXTRACTOR-dtls_srtp"],
      ...["-keymatexportlen", "60", ...flags],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const send = (datagram: Uint8Array) => void socket.send(datagram, peer).catch(() => {});
  const session = new DtlsSession({
    certificate,
    nowMs: 0,
    ...COOKIES,
    send,
    sendCookie: send,
    onConnected: (keys) => {
      exportedKeys = toHex(keys);
      // openssl prints what it exports before it reads again.
      if (whoEnds === "client") client.stdin.close();
      else session.close();
    },
    onEnd: ({ kind, reason }) => ended.resolve(`${kind}: ${reason}`),
  });
  const receiving = (async () => {
    for await (const [datagram, from] of socket) {
      peer = from;
      datagramCount++;
      session.receive(datagram, COOKIE);
    }
  })();
  const { stdout, stderr } = await client.output();
  const end = whoEnds === "client" ? await ended.promise : session.state;
  if (whoEnds === "server") await client.stdin.close();
  socket.close();
  await receiving;
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const clientKeys = /Keying material: ([0-9A-F]{120})/.exec(text)?.[1]?.toLowerCase() ?? text;
  return { clientKeys, exportedKeys, end, datagramCount };
}

const VISITS: readonly {
  readonly name: string;
  readonly whoEnds: "client" | "server";
  readonly expectedEnd: string;
  readonly flags: string[];
  /** Its hello, again with the cookie, and its key exchange with Finished; fragments come apart. */
  readonly leastDatagrams: number;
}[] = [
  {
    name: "and closes",
    whoEnds: "client",
    expectedEnd: "closed: peer sent close_notify",
    flags: [],
    leastDatagrams: 3,
  },
  {
    name: "in small fragments",
    whoEnds: "client",
    expectedEnd: "closed: peer sent close_notify",
    flags: ["-mtu", "256"],
    leastDatagrams: 5,
  },
  {
    name: "and is told of the end",
    whoEnds: "server",
    expectedEnd: "closed",
    flags: [],
    leastDatagrams: 3,
  },
];

for (const { name, whoEnds, expectedEnd, flags, leastDatagrams } of VISITS) {
  const title = `openssl connects and exports the same keys, ${name}`;
  Deno.test({
    name: title,
    ignore: isPeerMissing(title, ["openssl"]),
    // werift's timers, which repeat flights, outlive a session by some seconds.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const { clientKeys, exportedKeys, end, datagramCount } = await visit(whoEnds, flags);
      assertEquals(exportedKeys, clientKeys);
      assertEquals(end, expectedEnd);
      assert(datagramCount >= leastDatagrams, `${datagramCount} datagrams`);
    },
  });
}
