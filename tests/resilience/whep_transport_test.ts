import { assert, assertEquals } from "@std/assert";
import { TransportFeedbackWriter } from "../../testing/webrtc/transport_feedback_writer.ts";
import type { SessionDescription } from "../../src/shard/webrtc/session.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { checkFrames, type ReceivedPacket } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const PATH = "live/test";
const TWCC = { args: ["--shards", "1", "--webrtc-feedback", "twcc"] };

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** Those that the offer gives to H.264. */
const RTX_TYPES = [103, 109, 117];

const HEADER = [0xbe, 0xde, 0, 1, 0x31];

for (const transport of ["udp", "tcp"] as const) {
  Deno.test({
    name: `packets are numbered over both tracks and resends over ${transport}`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway(TWCC);
      await using _publisher = await publish(gateway, { path: PATH });
      await using viewer = await WhepViewer.join(gateway, { path: PATH, transport });
      await until("some has come", () => viewer.frames().length > 30);
      const { index } = viewer.video!.packets[5]!;
      viewer.nack([index, index + 1, index + 2]);
      const sourceCount = transport === "udp" ? 3 : 2;
      await until("it is sent again", () => viewer.reception.sources.length === sourceCount);
      await until("more has come", () => viewer.frames().length > 60);
      checkFrames(viewer.frames());
      const packets = viewer.reception.sources.flatMap(({ packets }) => packets)
        .sort((one, other) => sequenceOf(one) - sequenceOf(other));
      assertEquals(packets.map(sequenceOf), packets.map((_, at) => at));
      assertEquals(viewer.reception.unauthentic, 0);
    },
  });
}

for (const [bytes, feedback] of [[1350, "remb"], [1350, "twcc"], [600, "twcc"]] as const) {
  Deno.test({
    name: `datagrams have up to ${bytes} bytes with ${feedback}, resends and extensions included`,
    ...WERIFT,
    fn: async () => {
      const sizes = ["--webrtc-packet-size", `${bytes}`, "--webrtc-feedback", feedback];
      await using gateway = await startGateway({ args: ["--shards", "1", ...sizes] });
      await using _publisher = await publish(gateway, { path: PATH, bitrateBps: 2_000_000 });
      const largest = { first: 0, again: 0 };
      await using viewer = await WhepViewer.join(gateway, {
        path: PATH,
        loses: (datagram) => {
          const key = RTX_TYPES.includes(datagram[1]! & 0x7f) ? "again" : "first";
          largest[key] = Math.max(largest[key], datagram.length);
          return false;
        },
      });
      await until("some has come", () => viewer.frames().length > 30);
      await until("the newest of the largest is sent again", () => {
        const { packets } = viewer.video!;
        const size = Math.max(...packets.map(({ packet }) => packet.length));
        viewer.nack([packets.findLast(({ packet }) => packet.length === size)!.index]);
        return largest.again > 0;
      });
      assert(largest.first > 0.85 * bytes && largest.again <= bytes, JSON.stringify(largest));
    },
  });
}

Deno.test({
  name: "a viewer's resource tells what its feedback says",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway(TWCC);
    await using _publisher = await publish(gateway, { path: PATH });
    await using viewer = await WhepViewer.join(gateway, { path: PATH });
    const writer = new TransportFeedbackWriter();
    let told = 0;
    const feedBack = () => {
      const packets = viewer.reception.sources.flatMap(({ packets }) => packets)
        .sort((one, other) => sequenceOf(one) - sequenceOf(other));
      for (const packet of packets.slice(told)) {
        // One in ten does not come, for all that the server is told.
        const sequence = sequenceOf(packet);
        if (sequence % 10 !== 3) writer.note(sequence, packet.arrivedMs);
      }
      told = packets.length;
      if (!writer.isEmpty) viewer.sendRtcp(writer.write(1, viewer.video!.ssrc));
    };
    const { transport } = await until("a second's feedback is told of", async () => {
      feedBack();
      const { reception } = await describe(viewer);
      return reception?.transport?.lossFraction === undefined ? undefined : reception;
    });
    const { feedbackCount, reportedCount, lostCount, lossFraction } = transport!;
    assert(feedbackCount > 1);
    assert(Math.abs(lostCount - reportedCount / 10) <= 2, `${lostCount} of ${reportedCount}`);
    assert(Math.abs(lossFraction! - 0.1) < 0.05, `${lossFraction}`);
    assert(transport!.receivedBitrateBps! > 100_000);
    assert(transport!.queueingDelayMs! >= 0);
  },
});

Deno.test({
  name: "packets are not numbered if not all sections ask for it, nor unless it is set",
  ...WERIFT,
  fn: async () => {
    await using plain = await startGateway({ args: ["--shards", "1"] });
    await using gateway = await startGateway(TWCC);
    await using _one = await publish(plain, { path: PATH });
    await using _other = await publish(gateway, { path: PATH });
    const halfway = (sdp: string) => sdp.replace("a=rtcp-fb:111 transport-cc\r\n", "");
    const twoBytes = (sdp: string) => sdp.replaceAll("a=extmap:3 ", "a=extmap:15 ");
    const offers = [[plain, (sdp: string) => sdp], [gateway, halfway], [
      gateway,
      twoBytes,
    ]] as const;
    for (const [server, offer] of offers) {
      await using viewer = await WhepViewer.join(server, { path: PATH, offer });
      await until("some has come", () => viewer.frames().length > 30);
      checkFrames(viewer.frames());
      for (const { packets } of viewer.reception.sources) {
        assertEquals(packets.filter(({ extension }) => extension !== undefined), []);
      }
      assertEquals(viewer.answer.tracks.map((track) => track.transportSequenceId), [
        undefined,
        undefined,
      ]);
      assertEquals((await describe(viewer)).reception!.transport, undefined);
    }
  },
});

function sequenceOf({ extension }: ReceivedPacket): number {
  assertEquals([...extension!.subarray(0, 5)], HEADER);
  return extension![5]! << 8 | extension![6]!;
}

async function describe(viewer: WhepViewer): Promise<SessionDescription> {
  return await (await fetch(viewer.resource)).json();
}
