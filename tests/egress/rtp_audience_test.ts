import { assertEquals } from "@std/assert";
import { RtpAudience } from "../../src/egress/rtp_audience.ts";
import { StreamClock } from "../../src/egress/stream_clock.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import type { SharedLog } from "../../src/stream/log_arena.ts";
import { RecordFlag } from "../../src/stream/log_layout.ts";
import type { LogWriter } from "../../src/stream/log_writer.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { enhancedVideo, vp8KeyFrame } from "../../testing/media/enhanced_samples.ts";
import { openLog } from "../stream/log_samples.ts";

class NotingSubscriber {
  notified = 0;
  readonly hasVideo: boolean;
  readonly lacksVideo: boolean;
  readonly endings: string[] = [];
  onEnd: () => void = () => {};

  constructor(tracks: "both" | "audio" | "audio for want of pictures" = "both") {
    this.hasVideo = tracks === "both";
    this.lacksVideo = tracks === "audio for want of pictures";
  }

  notify(): void {
    this.notified++;
  }

  renew(reason: string): void {
    this.endings.push(`again: ${reason}`);
    this.onEnd();
  }

  end(reason: string): void {
    this.endings.push(reason);
    this.onEnd();
  }
}

/** Appends the key frame of a codec to a log. */
function append(writer: LogWriter, timestampMs: number, body: Uint8Array): void {
  const flags = RecordFlag.video | RecordFlag.keyFrame;
  writer.append({ type: TAG_VIDEO, timestampMs, body, flags });
}

Deno.test("RtpAudience: pictures of another codec end those who were promised the old one", () => {
  const { shared, writer } = openLog();
  const audience = audienceOf(shared);
  const [viewer, listener] = [new NotingSubscriber(), new NotingSubscriber("audio")];
  audience.add(viewer);
  audience.add(listener);
  append(writer, 0, vp8KeyFrame(64, 64));
  audience.notify(0);
  append(writer, 40, vp8KeyFrame(128, 64));
  audience.notify(40);
  assertEquals([viewer.endings, viewer.notified], [[], 2]);

  append(writer, 80, enhancedVideo("vp9", "frame", "key", VP_STREAMS.vp9Realtime[0]!));
  audience.notify(80);
  assertEquals(viewer.endings, ["again: the stream's pictures are vp9 now and were vp8 before"]);
  assertEquals([viewer.notified, listener.notified, audience.size], [2, 3, 1]);
  assertEquals(listener.endings, []);
  const late = new NotingSubscriber();
  audience.add(late);
  append(writer, 120, enhancedVideo("vp9", "frame", "key", VP_STREAMS.vp9Realtime[0]!));
  audience.notify(120);
  assertEquals([late.endings, late.notified], [[], 1]);
});

function openAudience(): RtpAudience {
  return audienceOf(openLog().shared);
}

function audienceOf(shared: SharedLog): RtpAudience {
  const log = new LogReader(shared);
  return new RtpAudience(log, new StreamClock(log, { audio: 0, video: 0 }), 1200);
}

Deno.test("RtpAudience: those that are there are told of what is new", () => {
  const audience = openAudience();
  const [one, other] = [new NotingSubscriber(), new NotingSubscriber()];
  audience.notify(0);
  audience.add(one);
  audience.notify(1);
  audience.add(other);
  audience.add(other);
  assertEquals(audience.size, 2);
  audience.notify(2);
  audience.remove(one);
  audience.notify(3);
  assertEquals([one.notified, other.notified, audience.size], [2, 2, 1]);
  assertEquals([one.endings, other.endings], [[], []]);
});

Deno.test("RtpAudience: nobody is always the last to be told of a picture", () => {
  const { shared, writer } = openLog();
  const audience = audienceOf(shared);
  let order = "";
  for (const name of "abc") {
    const subscriber = new NotingSubscriber();
    subscriber.notify = () => order += name;
    audience.add(subscriber);
  }
  const told = [];
  for (let nowMs = 0; nowMs < 4; nowMs++) {
    order = "";
    append(writer, 40 * nowMs, enhancedVideo("vp8", "frame", "key", vp8KeyFrame(320, 180)));
    audience.notify(40 * nowMs);
    // Sound comes between, which is no turn.
    audience.notify(40 * nowMs + 20);
    told.push(order);
  }
  assertEquals(told, ["bcabca", "cabcab", "abcabc", "bcabca"]);
});

Deno.test("RtpAudience: each is told once of the end, though it leaves at that", () => {
  const audience = openAudience();
  const subscribers = Array.from({ length: 3 }, () => new NotingSubscriber());
  for (const subscriber of subscribers) {
    subscriber.onEnd = () => audience.remove(subscriber);
    audience.add(subscriber);
  }
  audience.end("the stream is over");
  audience.end("again");
  audience.notify(0);
  assertEquals(audience.size, 0);
  for (const { endings, notified } of subscribers) {
    assertEquals([endings, notified], [["the stream is over"], 0]);
  }
});

Deno.test("RtpAudience: pictures that come late end those who wanted some, and no others", () => {
  const { shared, writer } = openLog();
  const audience = audienceOf(shared);
  const [wanting, listener] = [
    new NotingSubscriber("audio for want of pictures"),
    new NotingSubscriber("audio"),
  ];
  audience.add(wanting);
  audience.add(listener);
  audience.notify(0);
  assertEquals(wanting.endings, []);
  append(writer, 40, vp8KeyFrame(64, 64));
  audience.notify(40);
  assertEquals(wanting.endings, ["again: the stream has pictures now, and had none before"]);
  assertEquals([listener.endings, audience.size], [[], 1]);
  // The same codec comes back, after there was a publisher without pictures.
  const later = new NotingSubscriber("audio for want of pictures");
  audience.add(later);
  audience.notify(50);
  assertEquals(later.endings, []);
  append(writer, 80, vp8KeyFrame(64, 64));
  audience.notify(80);
  assertEquals([later.endings.length, listener.endings.length, audience.size], [1, 0, 1]);
});
