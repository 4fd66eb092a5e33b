import { assertEquals } from "@std/assert";
import { RtpAudience } from "../../src/egress/rtp_audience.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { openLog } from "../stream/log_samples.ts";

class NotingSubscriber {
  notified = 0;
  readonly endings: string[] = [];
  onEnd: () => void = () => {};

  notify(): void {
    this.notified++;
  }

  end(reason: string): void {
    this.endings.push(reason);
    this.onEnd();
  }
}

function openAudience(): RtpAudience {
  return new RtpAudience(new LogReader(openLog().shared), { audio: 0, video: 0 }, 1200);
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
