import { assert, assertEquals } from "@std/assert";
import { writeCheck } from "../../testing/webrtc/whep_stun.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { fragmentRecord } from "../../testing/webrtc/dtls_peer.ts";
import { writeStunCheck } from "../../testing/webrtc/stun_client.ts";
import { HealthyWhep } from "../../testing/healthy_whep.ts";
import { writeNack } from "../../testing/webrtc/viewer_reports.ts";
import { checkFrames, inOrder } from "../../testing/webrtc/whep_reception.ts";
import { postOffer, WhepViewer, withoutRtx } from "../../testing/webrtc/whep_viewer.ts";

/** Of what is sent again, in the offer. */
const RTX_PAYLOAD_TYPE = 117;

const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** A UDP socket of somebody else. */
function stranger(gateway: GatewayProcess) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to = { transport: "udp", hostname: "127.0.0.1", port: gateway.webrtcPorts[0]! } as const;
  const received: Uint8Array[] = [];
  const receiving = (async () => {
    try {
      for (;;) received.push((await socket.receive())[0]);
    } catch {
      // It is closed.
    }
  })();
  return {
    received,
    send: (datagram: Uint8Array) => socket.send(datagram, to),
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await receiving;
    },
  };
}

async function dropped(gateway: GatewayProcess): Promise<number> {
  return (await gateway.status()).counters.webrtcDatagramsDropped!;
}

Deno.test({
  name: "bad WebRTC peers: what strangers send is dropped, counted and not answered",
  ...WERIFT,
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using healthy = await HealthyWhep.start(gateway);
    await using viewer = await WhepViewer.join(gateway);
    const { local, remote } = viewer;
    const random = seededRandom(7);
    const noise = (size: number) => Uint8Array.from({ length: size }, () => random() * 256);
    const wrong = "x".repeat(22);
    const good = writeCheck(local, remote);
    const username = `${remote.ufrag}:${local.ufrag}`;
    const kinds: Record<string, Uint8Array[]> = {
      "garbage with each first byte": Array.from({ length: 256 }, (_, first) => {
        const datagram = noise(1 + first * 5);
        datagram[0] = first;
        return datagram;
      }),
      "empty and short ones": [new Uint8Array(0), new Uint8Array(1), new Uint8Array(19)],
      "larger ones than any": [noise(9000), noise(65_000)],
      "a wrong password": [writeCheck(local, { ...remote, password: wrong })],
      "an unknown name": [writeCheck(local, { ufrag: "nobody00", password: remote.password })],
      "another name of theirs": [writeCheck({ ...local, ufrag: "other" }, remote)],
      "without integrity": [good.slice(0, 40)],
      "cut checks": Array.from({ length: good.length - 1 }, (_, length) => good.slice(0, length)),
      // What is behind MESSAGE-INTEGRITY need not be there.
      "changed checks": Array.from({ length: good.length - 8 }, (_, at) => {
        const changed = good.slice();
        changed[at]! ^= 1 << (at % 8);
        return changed;
      }),
      "a response": [writeStunCheck({ username, password: remote.password, type: 0x0101 })],
      "an indication": [writeStunCheck({ username, password: remote.password, type: 0x0011 })],
      "DTLS of nobody": Array.from({ length: 50 }, () => clientHello(noise(200))),
      "RTP and RTCP of nobody": [0x80, 0x90].flatMap((first) =>
        [96, 102, 200, 201, 205, 206].map((second) => {
          const datagram = noise(60);
          datagram.set([first, second]);
          return datagram;
        })
      ),
    };
    for (const [name, datagrams] of Object.entries(kinds)) {
      await t.step(name, async () => {
        await using somebody = stranger(gateway);
        const before = await dropped(gateway);
        for (const [at, datagram] of datagrams.entries()) {
          await somebody.send(datagram);
          // What a socket holds is bounded.
          if (at % 16 === 15) await delay(2);
        }
        await until("all are counted", async () => {
          return await dropped(gateway) >= before + datagrams.length;
        });
        assertEquals(somebody.received.length, 0);
        await healthy.check();
      });
    }
    await t.step("a check that is authentic, from another address, is answered to it", async () => {
      await using somebody = stranger(gateway);
      await somebody.send(writeCheck(local, remote));
      await until("it is answered", () => somebody.received.length > 0);
    });
    await healthy.checkAll();
    checkNothingFailed(gateway, await gateway.status());
  },
});

function checkNothingFailed(
  gateway: GatewayProcess,
  { gateway: { shardRestarts } }: { gateway: { shardRestarts: number } },
): void {
  assertEquals(shardRestarts, 0);
  assert(!/Uncaught|at .*\.ts:|at blob:|Cannot serve/.test(gateway.output()), gateway.output());
}

/** A NACK with masks, which asks for `count` packets from `first` on. */
function writeNackOfAll(mediaSsrc: number, first: number, count: number): Uint8Array {
  const packet = writeNack(
    mediaSsrc,
    Array.from({ length: Math.ceil(count / 17) }, (_, at) => first + 17 * at),
  );
  for (let at = 14; at < packet.length; at += 4) packet.fill(255, at, at + 2);
  return packet;
}

/** A ClientHello, as far as its message's header tells. */
function clientHello(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const messageLength = body.length;
  return fragmentRecord({ messageType: 1, messageLength, messageSeq: 0, offset: 0, bytes: body });
}

Deno.test({
  name: "bad WebRTC peers: viewers that break DTLS or RTCP hurt themselves only",
  ...WERIFT,
  fn: async (t) => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { timeouts: { iceMs: 2000 } },
    });
    await using healthy = await HealthyWhep.start(gateway);
    const random = seededRandom(11);
    const noise = (size: number) => Uint8Array.from({ length: size }, () => random() * 256);

    await t.step("handshakes of garbage", async () => {
      for (let round = 0; round < 20; round++) {
        const { response, body, local } = await postOffer(gateway);
        assertEquals(response.status, 201, body);
        const remote = {
          ufrag: /a=ice-ufrag:(\S+)/.exec(body)![1]!,
          password: /a=ice-pwd:(\S+)/.exec(body)![1]!,
        };
        await using somebody = stranger(gateway);
        await somebody.send(writeCheck(local, remote));
        await until("the check is answered", () => somebody.received.length > 0);
        for (let at = 0; at < 10; at++) {
          const bytes = noise(1 + Math.floor(random() * 300));
          const messageSeq = at % 3;
          const messageType = [1, 1, 16][messageSeq]!;
          const messageLength = bytes.length;
          const message = { messageType, messageLength, messageSeq, offset: 0, bytes };
          await somebody.send(fragmentRecord(message));
          const record = noise(60);
          record.set([20 + at % 5, 254, 253, 0, at % 2, 0, 0, 0, 0, 0, at, 0, 47]);
          await somebody.send(record);
        }
      }
      await until("those viewers are gone", async () => {
        return (await gateway.status()).counters.webrtcViewers === 2;
      });
      await healthy.check();
    });

    await t.step("RTP and RTCP that is not authentic, cut or no RTCP inside", async () => {
      await using viewer = await WhepViewer.join(gateway);
      const nack = writeNack(viewer.video!.ssrc, [viewer.video!.packets[0]!.index]);
      const good = viewer.protectRtcp(nack);
      const before = await dropped(gateway);
      let sent = 0;
      const send = async (datagram: Uint8Array) => {
        viewer.send(datagram);
        // What a socket holds is bounded.
        if (++sent % 50 === 0) await delay(2);
      };
      for (let at = 0; at < good.length; at++) {
        const changed = good.slice();
        changed[at]! ^= 0x41;
        // The two upper bits, and the type, make it another kind.
        if (at > 1) await send(changed);
      }
      for (let length = 8; length < good.length; length++) await send(good.slice(0, length));
      for (let round = 0; round < 100; round++) {
        const media = noise(200);
        media.set([0x80, 102]);
        await send(media);
      }
      for (let length = 8; length < nack.length; length += 4) {
        const cut = nack.slice(0, length);
        await send(viewer.protectRtcp(cut));
      }
      const expected = sent;
      await until("they are dropped", async () => await dropped(gateway) >= before + expected - 4);
      const failures = (await gateway.status()).counters.webrtcAuthenticationFailures!;
      assert(failures >= good.length, `${failures} failures of authentication are counted`);
      // Compound ones whose lengths lie, and the same datagram again.
      for (let round = 0; round < 200; round++) {
        const packet = noise(8 + 4 * Math.floor(random() * 40));
        packet.set([0x81, 200 + Math.floor(random() * 8)]);
        await send(viewer.protectRtcp(packet));
      }
      for (let round = 0; round < 20; round++) await send(good);
      const frames = viewer.frames().length;
      await until("the viewer is served", () => viewer.frames().length > frames + 25);
      checkFrames(viewer.frames());
      await healthy.check();
    });

    await t.step("NACKs for more than is kept protected, in one datagram", async () => {
      await using viewer = await WhepViewer.join(gateway);
      await until("there are packets", () => viewer.video!.packets.length > 150);
      for (let round = 0; round < 2; round++) {
        const newest = inOrder(viewer.video!.packets).at(-1)!.index;
        const one = writeNackOfAll(viewer.video!.ssrc, newest - 68, 68);
        viewer.sendRtcp(Uint8Array.from(Array.from({ length: 14 }, () => [...one]).flat()));
        await delay(1100);
      }
      const again = viewer.reception.source(RTX_PAYLOAD_TYPE)!;
      assertEquals(viewer.reception.unauthentic, 0, "what is sent again is not authentic");
      const indexes = again.packets.map(({ index }) => index);
      assertEquals(new Set(indexes).size, indexes.length, "packets were overwritten by others");
      for (const { payload } of again.packets) {
        const sequence = payload[0]! * 256 + payload[1]!;
        const original = viewer.video!.packets.find(({ index }) => (index & 0xffff) === sequence);
        // It may be one that did not fit the viewer's own socket.
        if (original !== undefined) assertEquals(payload.subarray(2), original.payload);
      }
      await healthy.checkAll();
    });

    await t.step("floods of NACKs", async () => {
      for (const offer of [withoutRtx, (sdp: string) => sdp]) {
        await using viewer = await WhepViewer.join(gateway, { offer });
        await until("there are packets", () => viewer.video!.packets.length > 150);
        const resent = (await gateway.status()).counters.webrtcPacketsResent!;
        const startedMs = performance.now();
        const all = () => inOrder(viewer.video!.packets).slice(-150).map(({ index }) => index);
        for (let round = 0; round < 60; round++) {
          viewer.nack([...all(), ...all()]);
          viewer.nack(Array.from({ length: 300 }, (_, at) => round * 300 + at));
          await delay(10);
        }
        const seconds = Math.ceil((performance.now() - startedMs) / 1000) + 1;
        const count = (await gateway.status()).counters.webrtcPacketsResent! - resent;
        assert(count > 500 && count <= 1000 * seconds, `${count} were sent again in ${seconds} s`);
        // What it asks for may not fit its own socket.
        assertEquals(viewer.reception.unauthentic, 0, "what is sent again is not authentic");
      }
      await healthy.checkAll();
    });
    checkNothingFailed(gateway, await gateway.status());
  },
});
