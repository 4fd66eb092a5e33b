import { assert, assertEquals } from "@std/assert";
import type { SessionDescription } from "../../src/shard/webrtc/session.ts";
import { FREE_PORTS, type GatewayOptions, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { checkFrames, checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { postOffer, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const PATH = "live/test";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

function listeningOn(host: string, options: GatewayOptions = {}): GatewayOptions {
  return { listenArgs: ["--host", host, ...FREE_PORTS, "--shards", "2"], ...options };
}

const WHOLE_NETWORK = { denoArgs: ["-P=net"] };
const OVER_IPV6 = { reachedBy: "[::1]" } as const;

/** How a gateway listens and is asked, and what it announces then. */
const SERVERS: readonly {
  readonly name: string;
  readonly options: GatewayOptions;
  readonly candidates: readonly string[];
}[] = [
  {
    name: "both kinds of addresses, asked over IPv6",
    options: listeningOn("::", { ...WHOLE_NETWORK, ...OVER_IPV6 }),
    candidates: ["udp ::1", "tcp ::1"],
  },
  {
    name: "both kinds of addresses, asked over IPv4",
    options: listeningOn("::", WHOLE_NETWORK),
    candidates: ["udp 127.0.0.1", "tcp 127.0.0.1"],
  },
  {
    name: "both kinds of addresses without permission for UDP over IPv6, asked over IPv6",
    options: listeningOn("::", OVER_IPV6),
    candidates: ["tcp ::1"],
  },
  {
    name: "both kinds of addresses without permission for UDP over IPv6, asked over IPv4",
    options: listeningOn("::"),
    candidates: ["udp 127.0.0.1", "tcp 127.0.0.1"],
  },
  {
    name: "both kinds of addresses, of which two are told",
    options: listeningOn("::", {
      ...WHOLE_NETWORK,
      args: ["--public-ip", "127.0.0.1", "--public-ip", "::1"],
    }),
    candidates: ["udp 127.0.0.1", "udp ::1", "tcp 127.0.0.1", "tcp ::1"],
  },
];

for (const { name, options, candidates } of SERVERS) {
  Deno.test({
    name: `WebRTC viewers of a gateway on ${name}`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway(options);
      await using _publisher = await publish(gateway, { path: PATH });
      for (const expected of candidates) {
        await using viewer = await WhepViewer.join(gateway, {
          path: PATH,
          candidate: ({ transport, address }) => `${transport} ${address}` === expected,
        });
        const told = viewer.answer.candidates.map((one) => `${one.transport} ${one.address}`);
        assertEquals(told, candidates);
        await until("pictures come", () => viewer.frames().length > 30);
        checkNoGaps(viewer.video!);
        checkFrames(viewer.frames());
        const { transport }: SessionDescription = await (await fetch(viewer.resource)).json();
        assertEquals(transport, expected.split(" ")[0]);
        await until("its checks are answered", () => viewer.consents > 1);
        assertEquals(viewer.failure, undefined);
      }
    },
  });
}

Deno.test("an address of the other kind is not taken for one of the server's", async () => {
  await using gateway = await startGateway();
  await using _publisher = await publish(gateway, { path: PATH });
  const { response, body } = await postOffer(gateway, {
    endpoint: `/${PATH}/whep?eip=192.0.2.1,2001:db8::1`,
  });
  assertEquals(response.status, 400);
  assert(
    body.includes(
      'eip: must be an IPv4 address, as the server listens on no other, got "2001:db8::1"',
    ),
    body,
  );
});
