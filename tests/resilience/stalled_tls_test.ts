import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { currentCertificate } from "../../testing/certificates.ts";
import { recordClientHello } from "../tls/client_hello.ts";
import { until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";

const HANDSHAKE_MS = 1500;
const PEERS_BY_KIND = 40;

/** The beginning of a hello: the record and the message say that 512 bytes follow. */
const PART_OF_HELLO = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7, 7, 7);

/** What may come behind a hello, without what it announces. */
const HEAD_OF_RECORD = [0x14, 3, 3, 0, 1];

const KINDS: readonly (readonly [name: string, bytes: Uint8Array<ArrayBuffer>])[] = [
  ["says nothing", new Uint8Array()],
  ["says one byte", Uint8Array.of(0x16)],
  ["says part of its hello", PART_OF_HELLO],
  [
    "says hello and part of what follows",
    Uint8Array.of(...await recordClientHello(), ...HEAD_OF_RECORD),
  ],
  ["says what is no TLS", new Uint8Array(2000).fill(3)],
];

/** Sockets, files and what else a process has open. */
function openFiles(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

Deno.test({
  name: "200 handshakes that stall on each port are ended, and a healthy stream does not notice",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "2"],
      config: {
        tls: currentCertificate("localhost"),
        timeouts: { handshakeMs: HANDSHAKE_MS },
        limits: { rtmpNewcomersPerAddress: 1000, rtmpNewcomers: 2000 },
      },
    });
    await using healthy = await HealthyStream.start(gateway);
    const filesBefore = openFiles(gateway.pid);
    const peers: Deno.TcpConn[] = [];
    try {
      for (const port of [gateway.rtmpsPort!, gateway.httpsPort!]) {
        for (const [, bytes] of KINDS) {
          for (let count = 0; count < PEERS_BY_KIND; count++) {
            const conn = await Deno.connect({ hostname: "127.0.0.1", port });
            peers.push(conn);
            if (bytes.length > 0) await conn.write(bytes);
          }
        }
      }
      await healthy.check();
      const stalled = 2 * (KINDS.length - 1) * PEERS_BY_KIND;
      await until("all are ended", async () => {
        const { counters } = await gateway.status();
        return counters.tlsTimeouts === stalled && counters.tlsHandshakesFailed === stalled / 4;
      });
      // None of them has closed its own end: the sockets are gone all the same.
      await until("their sockets are closed", () => openFiles(gateway.pid) <= filesBefore + 5);
      await healthy.check();
    } finally {
      for (const conn of peers) conn.close();
    }
    const { counters, gateway: { shardRestarts } } = await gateway.status();
    assertEquals([shardRestarts, counters.tlsHandshakes], [0, 0]);
    assert(counters.rtmpConnections! <= 1, `${counters.rtmpConnections} RTMP connections are left`);
    // One line for each kind of end and port, not one for each peer.
    assert(gateway.output().match(/does not speak TLS/g)!.length <= 2 * 2);
  },
});
