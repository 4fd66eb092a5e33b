import { assert } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import type { ReceivedVideoCodec } from "../../src/ingest/received_track.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { mutate, seededRandom } from "../../testing/mutation.ts";
import { CAMERAS } from "./cameras.ts";
import { optionsFor, SimulatedPublisher } from "./simulated_publisher.ts";

const FRAME_MS = 40;
const RECOVERY_MS = 6000;

/** Compounds at once: on all that can be missing of two layers, on arrivals, and reports. */
const MAX_FEEDBACK = 24;

/** A session that is given anything in any order, and what may not come of it. */
class Storm {
  readonly media: ReceivedMedia;
  readonly publisher = new SimulatedPublisher();
  readonly log = new LogWriter(LogWriter.allocate(1 << 20), { windowMs: 10_000 });
  readonly #publication = new Publication(this.log, { trackSettleMs: 1000 });
  readonly random: () => number;
  readonly #camera;
  nowMs = 0;
  frames = 0;
  sounds = 0;
  /** What is added to numbers, timestamps and SSRCs of what is sent. */
  #jump = { sequence: 0, timestamp: 0, ssrc: 0 };
  #kept: Uint8Array[] = [];
  #newestMs = { video: 0, audio: 0 };

  constructor(codec: ReceivedVideoCodec, seed: number) {
    const options = optionsFor(codec);
    this.random = seededRandom(seed);
    this.#camera = CAMERAS[codec];
    this.media = new ReceivedMedia({ ...options, maxHeldBytes: 200_000 });
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** A picture and its sound, as they are sent. */
  take(): Uint8Array[] {
    const { keyFrame, interFrames, put } = this.#camera;
    const picture = this.publisher.picture((out, timestamp, isKeyFrame) => {
      put(out, timestamp, isKeyFrame ? keyFrame : interFrames[0]!, isKeyFrame);
    }, this.nowMs);
    const sounds = [0, 20].flatMap((laterMs) =>
      this.publisher.sound(Uint8Array.of(0xfc, 1, 2), this.nowMs + laterMs)
    );
    return [...picture, ...sounds].map((packet) => this.#jumped(packet));
  }

  receive(packet: Uint8Array): void {
    this.media.takeRtp(packet, this.nowMs);
  }

  /** One command of many, and whatever it brings. */
  step(): void {
    const { media, random } = this;
    const packets = this.take();
    const commands: readonly (() => void)[] = [
      () => packets.forEach((packet) => this.receive(packet)),
      () => packets.forEach((packet) => random() < 0.8 && this.receive(packet)),
      () => packets.reverse().forEach((packet) => this.receive(packet)),
      () => packets.forEach((packet) => this.receive(mutate(packet, random))),
      () => {
        this.#kept = [...packets, ...this.#kept].slice(0, 300);
        for (let count = this.below(40); count > 0; count--) {
          this.receive(this.#kept[this.below(this.#kept.length)]!);
        }
      },
      () => this.receive(Uint8Array.from({ length: this.below(100) }, () => this.below(256))),
      () => media.takeRtcp(this.publisher.senderReports(this.nowMs), this.nowMs),
      () => {
        const report = { ntpSeconds: this.below(2 ** 32), ntpFraction: this.below(2 ** 32) };
        const [ssrc, rtpTimestamp] = [this.#ssrcOf(packets), this.below(2 ** 32)];
        const counts = { packetCount: 0, octetCount: 0, blocks: [] };
        const [real] = this.publisher.senderReports(this.nowMs);
        media.takeRtcp([{ ...real!, ...report, ...counts, ssrc, rtpTimestamp }] as never, 0);
      },
      () => media.takeRtcp([{ kind: "bye", ssrcs: [this.#ssrcOf(packets)] }], this.nowMs),
      () => media.takeRoundTrip(random() < 0.5 ? 0 : 10 ** this.below(6)),
      () => media.requestKeyFrame(this.nowMs),
      () => media.handleTimeout(this.nowMs),
      () => this.nowMs += 10 ** this.below(6),
      () => this.#jump.sequence = this.below(2 ** 16),
      () => this.#jump.sequence = (this.#jump.sequence + this.below(3000)) & 0xffff,
      () => this.#jump.timestamp = this.below(2 ** 32),
      () => this.#jump.ssrc = this.below(3),
      () => this.publisher.isKeyFrameWanted = true,
    ];
    // Media are what comes most.
    commands[random() < 0.5 ? this.below(5) : this.below(commands.length)]!();
    this.nowMs += this.below(50);
    this.drain();
  }

  /** What comes out is whole and in order, of an end, and leaves nothing that is due. */
  drain(): void {
    const { media, nowMs } = this;
    media.handleTimeout(nowMs);
    for (let message; (message = media.next()) !== undefined;) {
      const { kind, payload, timestampMs } = message;
      const body = kind === "video" ? parseVideoBody(payload) : parseAudioBody(payload);
      if (body.kind === "frame" && kind === "video") this.frames++;
      if (body.kind === "frame" && kind === "audio") this.sounds++;
      assert(body.kind === "frame" || body.kind === "configuration", body.kind);
      assert(Number.isSafeInteger(timestampMs) && timestampMs >= this.#newestMs[kind]);
      this.#newestMs[kind] = timestampMs;
      this.#publication[kind](timestampMs, payload, nowMs);
      this.#publication.flush(nowMs);
    }
    let count = 0;
    for (let rtcp; (rtcp = media.nextFeedback(nowMs)) !== undefined; count++) {
      assert(rtcp.length <= 1200 && rtcp.length % 4 === 0);
      for (const packet of parseRtcp(rtcp)) {
        if (packet.kind === "pictureLossIndication") this.publisher.isKeyFrameWanted = true;
      }
    }
    assert(count <= MAX_FEEDBACK, `${count} compounds at once`);
    assert(media.nextDueMs() > nowMs, "what is due is done");
  }

  #jumped(packet: Uint8Array): Uint8Array {
    const jumped = packet.slice();
    const view = new DataView(jumped.buffer);
    const { sequence, timestamp, ssrc } = this.#jump;
    view.setUint16(2, view.getUint16(2) + sequence);
    view.setUint32(4, view.getUint32(4) + timestamp);
    view.setUint32(8, view.getUint32(8) + ssrc);
    return jumped;
  }

  #ssrcOf(packets: readonly Uint8Array[]): number {
    const packet = packets[this.below(packets.length)]!;
    return new DataView(packet.buffer).getUint32(8);
  }
}

for (const codec of Object.keys(CAMERAS) as ReceivedVideoCodec[]) {
  Deno.test(`${codec}: after whatever has come in whatever order, what is good goes on`, () => {
    for (let seed = 1; seed <= 6; seed++) {
      const storm = new Storm(codec, seed);
      for (let round = 0; round < 1500; round++) storm.step();
      const loggedMs = storm.log.lastTimestampMs!;
      const untilMs = storm.nowMs + RECOVERY_MS;
      storm.media.takeRoundTrip(50);
      for (; storm.nowMs < untilMs; storm.nowMs += FRAME_MS) {
        // Not before it is long settled, all of it is to come through.
        if (storm.nowMs < untilMs - 1000) storm.frames = storm.sounds = 0;
        for (const packet of storm.take()) storm.receive(packet);
        storm.drain();
      }
      const came = `seed ${seed}: ${storm.frames} pictures, ${storm.sounds} packets of sound`;
      assert(storm.frames >= 24 && storm.sounds >= 48, came);
      assert(storm.log.lastTimestampMs! >= loggedMs + RECOVERY_MS - 2000, `seed ${seed}: the log`);
    }
  });
}

Deno.test("RTCP of whatever bytes changes nothing that cannot be mended", () => {
  const storm = new Storm("vp8", 1);
  const samples = [1, 2, 3].map(() => {
    storm.drain();
    for (const packet of storm.take()) storm.receive(packet);
    storm.nowMs += 1000;
    storm.media.handleTimeout(storm.nowMs);
    return storm.media.nextFeedback(storm.nowMs)!;
  });
  for (let round = 0; round < 5000; round++) {
    try {
      const packets = parseRtcp(mutate(samples[round % 3]!, storm.random));
      storm.media.takeRtcp(packets, storm.nowMs);
    } catch (error) {
      if (!(error instanceof RtpError)) throw error;
    }
    storm.nowMs += 10;
    for (const packet of storm.take()) storm.receive(packet);
    storm.drain();
  }
  assert(storm.frames >= 4990, `${storm.frames}`);
});
