import { assert, assertEquals } from "@std/assert";
import type { Link } from "../../testing/webrtc/whep_link.ts";
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { frameForTcp, TcpFrameReader } from "../../src/webrtc/ice/tcp_framing.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyWhep, publish } from "../../testing/healthy_whep.ts";
import type { ClientDescription } from "../../src/shard/live/clients.ts";
import { settledKiB, steadyKiB } from "../../testing/process_memory.ts";
import { checkFrames, inOrder, receivedFrames } from "../../testing/webrtc/whep_reception.ts";
import { postOffer, WhepViewer, withoutRtx } from "../../testing/webrtc/whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** What memory may grow by: garbage that is not collected yet. */
const NOISE_KIB = 16 * 1024;

const ICE_MS = 1500;

/** Viewers of one address that may be connecting. */
const NEWCOMERS = 100;

async function clients({ httpUrl }: GatewayProcess): Promise<readonly ClientDescription[]> {
  return (await (await fetch(httpUrl("/api/v1/clients"))).json()).clients;
}

async function gauges({ status }: GatewayProcess) {
  const { counters } = await status();
  return [counters.webrtcViewers, counters.viewers, counters.webrtcTcpConnections];
}

Deno.test({
  name: "1,000 offers that nothing follows are gone after their time, and harm nobody",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "2"],
      config: {
        timeouts: { iceMs: ICE_MS },
        // All come from one address, and none is ever connected.
        limits: { webrtcNewcomersPerAddress: NEWCOMERS },
      },
    });
    await using healthy = await HealthyWhep.start(gateway);
    const before = await gauges(gateway);
    const storm = async () => {
      const statuses: Record<number, number> = {};
      await Promise.all(Array.from({ length: 20 }, async () => {
        for (let at = 0; at < 50; at++) {
          const { response } = await postOffer(gateway);
          statuses[response.status] = (statuses[response.status] ?? 0) + 1;
        }
      }));
      assertEquals((statuses[201] ?? 0) + (statuses[503] ?? 0), 1000, JSON.stringify(statuses));
      assert(statuses[201]! >= NEWCOMERS, JSON.stringify(statuses));
      await until("they are gone", async () => {
        return JSON.stringify(await gauges(gateway)) === JSON.stringify(before);
      });
      await healthy.check();
    };
    await storm();
    // The first storms make an engine's heap grow to what it likes; what leaks grows with each.
    const grownKiB: number[] = [];
    let beforeKiB = await settledKiB(gateway.pid, 500);
    for (let round = 1; round <= (IS_LONG ? 12 : 4); round++) {
      await storm();
      const afterKiB = await settledKiB(gateway.pid, 500);
      grownKiB.push(afterKiB - beforeKiB);
      beforeKiB = afterKiB;
      if (!IS_LONG && grownKiB.at(-1)! < NOISE_KIB) break;
    }
    assert(grownKiB.at(-1)! < NOISE_KIB, `memory grew by ${grownKiB} KiB from storm to storm`);
    await healthy.checkAll();
    assertEquals((await gateway.status()).gateway.shardRestarts, 0);
  },
});

Deno.test({
  name: "1,000 TCP connections that say nothing leave room for viewers",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { limits: { webrtcViewers: 600, webrtcViewersPerAddress: 600 } },
    });
    await using healthy = await HealthyWhep.start(gateway);
    const port = gateway.webrtcPorts[0]!;
    const silent = await Promise.all(
      Array.from({ length: 1000 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
    );
    await until("they are accepted", async () => {
      return (await gateway.status()).counters.webrtcTcpConnectionsAccepted! >= 1001;
    });
    await using viewer = await WhepViewer.join(gateway, { transport: "tcp" });
    await until("the viewer is served", () => viewer.frames().length > 25);
    // Some say what is no frame, or only the beginning of one.
    for (const [at, conn] of silent.entries()) {
      if (at < 50) await conn.write(Uint8Array.of(255, 255, 1, 2, 3));
      else if (at < 100) await conn.write(Uint8Array.of(0, 100, 22));
    }
    await until("the first ones are cut off", async () => {
      return (await gateway.status()).counters.webrtcTcpConnections! <= 952;
    });
    await healthy.checkAll();
    checkFrames(viewer.frames());
    for (const conn of silent) conn.close();
    await until("they are gone", async () => (await gauges(gateway))[2] === 2);
  },
});

/** A viewer's TCP connection that can be left unread. */
class LazyLink implements Link {
  readonly #conn: Deno.TcpConn;
  #resumed: PromiseWithResolvers<void> | undefined;

  readonly server: Deno.NetAddr;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.server = conn.remoteAddr;
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  send(datagram: Uint8Array): void {
    this.#conn.write(frameForTcp(datagram)).catch(() => {});
  }

  async receive(take: (datagram: Uint8Array) => void): Promise<void> {
    const frames = new TcpFrameReader();
    const buffer = new Uint8Array(65_536);
    for (;;) {
      await this.#resumed?.promise;
      const size = await this.#conn.read(buffer);
      if (size === null) return;
      frames.push(buffer.subarray(0, size));
      for (let frame; (frame = frames.next()) !== undefined;) take(frame);
    }
  }

  close(): void {
    this.resume();
    this.#conn.close();
  }
}

Deno.test({
  name: "a TCP viewer that stops reading costs nothing, and goes on at a key frame",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    // 2 MB a second: what kernels hold, up to 10 MB, is full after some seconds.
    const path = "live/heavy";
    await using publisher = await publish(gateway, { path, bitrateBps: 16_000_000 });
    await using healthy = await HealthyWhep.start(gateway);
    const lazy: { links: LazyLink[]; viewers: WhepViewer[] } = { links: [], viewers: [] };
    for (let at = 0; at < 4; at++) {
      const viewer = await WhepViewer.join(gateway, {
        path,
        transport: "tcp",
        openLink: async ({ address, port }: IceCandidate) => {
          const link = new LazyLink(await Deno.connect({ hostname: address, port }));
          lazy.links.push(link);
          return link;
        },
      });
      lazy.viewers.push(viewer);
    }
    await until(
      "they are served",
      () => lazy.viewers.every((one) => one.video!.packets.length > 99),
    );
    for (const link of lazy.links) link.pause();
    // By then all is full that kernels hold.
    const halfwayKiB = await steadyKiB(gateway.pid);
    await delay(IS_LONG ? 20_000 : 2500);
    const stalledKiB = await settledKiB(gateway.pid, 500);
    assert(stalledKiB - halfwayKiB < NOISE_KIB, `memory: ${halfwayKiB} to ${stalledKiB} KiB`);
    const stalled = (await clients(gateway)).filter((client) => {
      return client.path === path && client.action === "play" && client.quality !== "all";
    });
    assertEquals(stalled.length, lazy.viewers.length, "nobody is sent all that nobody reads");
    // Before this process is busy with all that the kernel has kept.
    await healthy.checkAll();
    const resumedMs = performance.now();
    const resumedAt = publisher.sequence;
    for (const link of lazy.links) link.resume();
    await until("they are near live again", () => {
      return lazy.viewers.every((viewer) => {
        const newest = receivedFrames(viewer.video!.packets.slice(-300)).at(-1);
        return newest !== undefined && newest.sequence > resumedAt + 25;
      });
    });
    assert(performance.now() - resumedMs < 10_000, "it takes long");
    for (const viewer of lazy.viewers) {
      assertEquals(viewer.reception.unauthentic, 0);
      const frames = viewer.frames();
      const jumps = frames.filter(({ sequence }, at) =>
        at > 0 && sequence !== frames[at - 1]!.sequence + 1
      );
      assert(jumps.length > 0 && jumps.length < 20, `${jumps.length} jumps`);
      for (const { isKeyFrame } of jumps) assert(isKeyFrame, "it goes on at no key frame");
      for (const [at, { index }] of viewer.video!.packets.entries()) {
        assertEquals(index, viewer.video!.packets[0]!.index + at);
      }
      await viewer[Symbol.asyncDispose]();
    }
  },
});

Deno.test({
  name: "viewers that vanish are gone when their consent ends",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { timeouts: { consentMs: 2500 } },
    });
    await using healthy = await HealthyWhep.start(gateway);
    const vanished = await Promise.all(
      (["udp", "udp", "tcp"] as const).map((transport) => WhepViewer.join(gateway, { transport })),
    );
    // One is silent and listens on: it must not be sent to for ever.
    vanished[0]!.asksForConsent = false;
    await vanished[1]![Symbol.asyncDispose]();
    await vanished[2]![Symbol.asyncDispose]();
    await until("they are gone", async () => (await gauges(gateway))[0] === 2);
    await until("the silent one is told", () => vanished[0]!.isToldOfEnd);
    await vanished[0]![Symbol.asyncDispose]();
    await healthy.checkAll();
    assertEquals(await gauges(gateway), [2, 2, 1]);
  },
});

for (const [name, offer] of [["RTX", (sdp: string) => sdp], ["plain", withoutRtx]] as const) {
  Deno.test({
    name: `a viewer that loses a tenth of its packets gets them again (${name})`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway({ args: ["--shards", "1"] });
      await using healthy = await HealthyWhep.start(gateway, { bitrateBps: 2_000_000 });
      const random = seededRandom(7);
      // Of those that are sent again too, which is three times at most: who loses half of all would
      // lose each sixteenth packet for good.
      const loses = () => random() < 0.1;
      await using viewer = await WhepViewer.join(gateway, { loses, offer });
      const endMs = performance.now() + 3000;
      while (performance.now() < endMs) {
        await delay(20);
        const missing = missingOf(viewer);
        if (missing.length > 0) viewer.nack(missing.slice(0, 200));
      }
      viewer.asksForConsent = false;
      assertEquals(viewer.reception.unauthentic, 0);
      const frames = receivedFrames(repaired(viewer));
      const whole = frames.filter(({ sequence }) => sequence < frames.at(-1)!.sequence - 25);
      assert(whole.length > 90, `${whole.length} pictures`);
      checkFrames(whole.slice(whole.findIndex(({ isKeyFrame }) => isKeyFrame)));
      await healthy.checkAll();
    },
  });
}

/** Packets of the pictures, those of RTX among them. */
function repaired(viewer: WhepViewer) {
  const video = viewer.video!;
  const again = viewer.reception.source(video.payloadType + 1)?.packets ?? [];
  const newest = Math.max(...video.packets.map(({ index }) => index));
  return inOrder([
    ...video.packets,
    ...again.map((packet) => {
      const sequence = packet.payload[0]! * 256 + packet.payload[1]!;
      const index = newest - ((newest - sequence) & 0xffff);
      const original = new Uint8Array(packet.packet.length - 2);
      original.set(packet.packet.subarray(0, 12));
      original.set(video.packets[0]!.packet.subarray(8, 12), 8);
      original.set([(packet.isMarked ? 0x80 : 0) | video.payloadType, index >> 8, index], 1);
      original.set(packet.payload.subarray(2), 12);
      return { ...packet, index, packet: original, payload: original.subarray(12) };
    }),
  ]);
}

/** Sequence numbers behind the first packet, and some time before the newest, that did not come. */
function missingOf(viewer: WhepViewer): number[] {
  const packets = repaired(viewer);
  const known = new Set(packets.map(({ index }) => index));
  const last = packets.at(-1)!.index;
  const missing: number[] = [];
  for (let index = packets[0]!.index; index < last; index++) {
    if (!known.has(index)) missing.push(index);
  }
  return missing;
}

Deno.test({
  name: "60 viewers that come at once are all connected",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    // All of them are in this process, which checks each packet.
    const easy = { bitrateBps: 300_000, frameRate: 25 };
    await using healthy = await HealthyWhep.start(gateway, easy);
    const startedMs = performance.now();
    const viewers = await Promise.all(
      Array.from(
        { length: 60 },
        (_, at) => WhepViewer.join(gateway, { transport: at % 4 === 3 ? "tcp" : "udp" }),
      ),
    );
    const tookMs = performance.now() - startedMs;
    await until("all have pictures", () => viewers.every((viewer) => viewer.frames().length > 25));
    for (const viewer of viewers) {
      checkFrames(viewer.frames());
      assertEquals([viewer.failure, viewer.reception.unauthentic], [undefined, 0]);
    }
    assertEquals(await gauges(gateway), [62, 62, 16]);
    await healthy.check();
    const statuses = await Promise.all(viewers.map((viewer) => viewer.delete()));
    assertEquals(new Set(statuses), new Set([200]));
    await until("they are gone", async () => (await gauges(gateway))[0] === 2);
    for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
    assert(tookMs < 10_000, `it took ${tookMs} ms`);
  },
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `${signal} with WebRTC viewers tells them and exits 0, soon`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway({ args: ["--shards", "2"] });
      await using healthy = await HealthyWhep.start(gateway);
      await using _halfOpen = await WhepViewer.open(gateway);
      const more = await Promise.all(Array.from({ length: 20 }, () => WhepViewer.join(gateway)));
      const startedMs = performance.now();
      const { code } = await gateway.stop(signal);
      const tookMs = performance.now() - startedMs;
      assertEquals(code, 0, gateway.output());
      assert(tookMs < 3000, `it took ${tookMs} ms`);
      const viewers = [...healthy.viewers, ...more];
      await until("the viewers are told", () => {
        return viewers.every(({ isToldOfEnd }) => isToldOfEnd);
      });
      for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
      assert(!/Uncaught|at blob:/.test(gateway.output()), gateway.output());
    },
  });
}
