import { assert, assertEquals } from "@std/assert";
import { DtlsSession } from "../../src/webrtc/dtls.ts";
import { createDtlsCertificate } from "../../src/webrtc/dtls_certificate.ts";
import { toHex } from "../mutation.ts";
import { isPeerMissing } from "../peers.ts";

const certificate = await createDtlsCertificate();

interface Visit {
  /** As the client printed them. */
  readonly clientKeys: string;
  readonly exportedKeys: string;
  readonly end: string;
  /** How many of the client's datagrams came. */
  readonly datagramCount: number;
}

/** Serves one session to `openssl s_client`, which leaves with an encrypted close_notify. */
async function visit(...flags: string[]): Promise<Visit> {
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
  const session = new DtlsSession({
    certificate,
    nowMs: 0,
    send: (datagram) => void socket.send(datagram, peer).catch(() => {}),
    onConnected: (keys) => {
      exportedKeys = toHex(keys);
      client.stdin.close();
    },
    onEnd: ({ kind, reason }) => ended.resolve(`${kind}: ${reason}`),
  });
  const receiving = (async () => {
    for await (const [datagram, from] of socket) {
      peer = from;
      datagramCount++;
      session.receive(datagram);
    }
  })();
  const [{ stdout, stderr }, end] = await Promise.all([client.output(), ended.promise]);
  socket.close();
  await receiving;
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const clientKeys = /Keying material: ([0-9A-F]{120})/.exec(text)?.[1]?.toLowerCase() ?? text;
  return { clientKeys, exportedKeys, end, datagramCount };
}

for (const [name, ...flags] of [["plainly"], ["in small fragments", "-mtu", "256"]]) {
  const title = `openssl connects ${name}, exports the same keys, and closes`;
  Deno.test({
    name: title,
    ignore: isPeerMissing(title, ["openssl"]),
    // werift's timers, which repeat flights, outlive a session by some seconds.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const { clientKeys, exportedKeys, end, datagramCount } = await visit(...flags);
      assertEquals(exportedKeys, clientKeys);
      assertEquals(end, "closed: peer sent close_notify");
      assert(datagramCount >= 3);
    },
  });
}
