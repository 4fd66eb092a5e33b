import { assert, assertEquals, assertThrows } from "@std/assert";
import { compactNtp, ntpTime } from "../../src/rtp/ntp.ts";
import { RtpClock } from "../../src/rtp/rtp_clock.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { seededRandom } from "../../testing/mutation.ts";

Deno.test("NTP time of a wall clock time", () => {
  const cases: [number, number, number, number][] = [
    [0, 0x83aa7e80, 0, 0x7e800000],
    [500, 0x83aa7e80, 0x80000000, 0x7e808000],
    // 2036-02-07T06:28:16Z: 2^32 seconds after 1900.
    [2_085_978_496_000, 0, 0, 0],
    [2_085_978_495_750, 0xffffffff, 0xc0000000, 0xffffc000],
    [1_600_000_000_000.5, 0xe3088e80, 0x20c49b, 0x8e800020],
  ];
  for (const [unixMs, seconds, fraction, compact] of cases) {
    const ntp = ntpTime(unixMs);
    assertEquals(ntp, { seconds, fraction }, `${unixMs}`);
    assertEquals(compactNtp(ntp), compact, `${unixMs}`);
  }
});

Deno.test("RTP timestamps: rounded to the nearest tick, in 32 bits", () => {
  const cases: [number, number, number, number][] = [
    [90_000, 0, 0, 0],
    [90_000, 1000, 40, 4600],
    [90_000, 0xffffffff, 1, 89],
    [90_000, 10, -1, 2 ** 32 - 80],
    [90_000, 0, 0.006, 1],
    [48_000, 7, 21.333, 1031],
    [48_000, 0, 1024 / 48, 1024],
    [48_000, 0, 1e9, 48e9 % 2 ** 32],
  ];
  for (const [rateHz, offset, streamMs, timestamp] of cases) {
    assertEquals(new RtpClock(rateHz, offset).timestamp(streamMs), timestamp);
  }
});

Deno.test("RTP timestamps: stream time that wraps makes no step", () => {
  const random = seededRandom(5);
  for (const rateHz of [90_000, 48_000]) {
    for (let round = 0; round < 200; round++) {
      const clock = new RtpClock(rateHz, Math.floor(random() * 2 ** 32));
      const streamMs = Math.floor(random() * 2 ** 33 - 2 ** 32);
      const expected = clock.timestamp(streamMs);
      assertEquals(clock.timestamp(streamMs | 0), expected);
      assertEquals(clock.timestamp(streamMs >>> 0), expected);
    }
  }
});

Deno.test("sender reports: sound and picture lie together, whatever the offsets", () => {
  const tie = { streamMs: 123_456.5, unixMs: 1_700_000_000_000 };
  const video = new RtpClock(90_000, 0xdeadbeef);
  const audio = new RtpClock(48_000, 0x12345678);
  const shownMs = 150_000;
  /** When a receiver believes that what is shown at `shownMs` was sent, since 1900 in ms. */
  const wallMs = (clock: RtpClock, rateHz: number, sentUnixMs: number) => {
    const { ntp, rtpTimestamp } = clock.reportTime(tie, sentUnixMs);
    const ticks = (clock.timestamp(shownMs) - rtpTimestamp) | 0;
    return ntp.seconds * 1000 + ntp.fraction / 2 ** 32 * 1000 + ticks / rateHz * 1000;
  };
  const videoMs = wallMs(video, 90_000, 1_700_000_030_001.25);
  const audioMs = wallMs(audio, 48_000, 1_700_000_029_000);
  assert(Math.abs(videoMs - audioMs) < 0.03, `${videoMs - audioMs} ms apart`);
  const expectedMs = tie.unixMs + (shownMs - tie.streamMs) + 2_208_988_800_000;
  assert(Math.abs(videoMs - expectedMs) < 0.03, `${videoMs - expectedMs} ms off`);
});

Deno.test("RTP clock: rates that would step where stream time wraps are refused", () => {
  for (const rateHz of [44_100, 0, -1000, NaN]) {
    assertThrows(() => new RtpClock(rateHz, 0), RtpError, `got ${rateHz}`);
  }
});
