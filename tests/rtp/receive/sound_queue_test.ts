import { assert, assertEquals } from "@std/assert";
import { packetizeOpus } from "../../../src/rtp/opus_packetizer.ts";
import { SoundQueue } from "../../../src/rtp/receive/sound_queue.ts";
import { toHex } from "../../../testing/mutation.ts";
import { CollectedPackets } from "../collected_packets.ts";
import { Link, Numbered } from "./link.ts";

const TERMS = { roundTripMs: 60, canAsk: true };

function packets(count: number, firstNumber = 65_530): Uint8Array<ArrayBuffer>[] {
  const out = new CollectedPackets(firstNumber);
  for (let at = 0; at < count; at++) {
    const data = Uint8Array.of(0xfc, at, at >> 8);
    packetizeOpus({ data, timestamp: at * 960, timeMs: at * 20 }, { ssrc: 1 }, out);
  }
  return out.packets;
}

class Listener {
  readonly queue = new SoundQueue();
  readonly heard: string[] = [];
  readonly #numbered = new Numbered();

  take(list: readonly Uint8Array[], nowMs: number, terms = TERMS): string[] {
    for (const packet of list) this.queue.put(...this.#numbered.of(packet), nowMs);
    for (let packet; (packet = this.queue.next(terms, nowMs)) !== undefined;) {
      this.heard.push(toHex(packet.payload));
    }
    return this.heard;
  }
}

const payloads = (list: readonly Uint8Array[]) => list.map((packet) => toHex(packet.subarray(12)));

Deno.test("sound leaves in order and at once, each packet once", () => {
  const sent = packets(10);
  const listener = new Listener();
  listener.take(sent.slice(0, 3), 0);
  assertEquals(listener.heard, payloads(sent.slice(0, 3)));
  const [four, five, six] = sent.slice(3, 6) as [Uint8Array, Uint8Array, Uint8Array];
  assertEquals(listener.take([six, five], 20), payloads(sent.slice(0, 3)));
  assertEquals(listener.take([four, four, five], 25), payloads(sent.slice(0, 6)));
});

Deno.test("a packet is waited for until it was asked for and sent again", () => {
  const sent = packets(10);
  const listener = new Listener();
  listener.take([sent[0]!, sent[2]!], 0);
  const { queue } = listener;
  assertEquals(queue.takeRequests(60, 5), [65_531]);
  assertEquals(queue.dueMs(TERMS), 120);
  listener.take([], 119);
  assertEquals([listener.heard.length, queue.givenUp], [1, 0]);
  listener.take([], 120);
  assertEquals([listener.heard.length, queue.givenUp], [2, 1]);
  listener.take([sent[1]!], 121);
  assertEquals(listener.heard, payloads([sent[0]!, sent[2]!]));
  // Nobody waits for ever, nor for what cannot be asked for.
  listener.take([sent[4]!], 200);
  assertEquals(queue.dueMs({ roundTripMs: 5000, canAsk: true }), 700);
  assertEquals(queue.dueMs({ roundTripMs: 5000, canAsk: false }), 230);
});

Deno.test("a jump, and a source that begins anew, lose what was before and nothing more", () => {
  const listener = new Listener();
  const sent = packets(2000, 0);
  listener.take(sent.slice(0, 2), 0);
  listener.take(sent.slice(1000, 1002), 10);
  assertEquals(listener.heard, payloads([...sent.slice(0, 2), ...sent.slice(1000, 1002)]));
  assertEquals(listener.queue.givenUp, 998);
  listener.queue.restart(100_000);
  assertEquals(listener.queue.bytes, 0);
  assertEquals(listener.queue.givenUp, 998, "its numbers have nothing to do with those before");
});

Deno.test("over a bad link, of which 5 % are lost, almost all is heard", () => {
  for (const delayMs of [10, 40, 75, 150]) {
    const link = new Link({
      lossFraction: 0.05,
      delayMs,
      jitterMs: 30,
      duplicateFraction: 0.05,
      seed: delayMs,
    });
    const sent = packets(1000);
    const listener = new Listener();
    const terms = { roundTripMs: 2 * delayMs, canAsk: true };
    for (let nowMs = 0; nowMs < 21_000; nowMs++) {
      const packet = nowMs % 20 === 0 ? sent[nowMs / 20] : undefined;
      if (packet !== undefined) link.send(packet, nowMs);
      listener.take(link.arrived(nowMs), nowMs, terms);
      link.request(listener.queue.takeRequests(terms.roundTripMs, nowMs), nowMs);
    }
    const expected = payloads(sent);
    const places = listener.heard.map((one) => expected.indexOf(one));
    assertEquals(places, [...places].sort((one, other) => one - other));
    assert(places.length > 0.99 * sent.length, `${delayMs} ms: ${places.length}`);
    // But for the last ones: nothing tells that they are lost.
    assert(places.length + listener.queue.givenUp >= sent.length - 3);
  }
});
