/** Which offers are answered for which codecs, and what is said where they are not. */
import { assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { AV1_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { fromHex } from "../../testing/mutation.ts";
import {
  enhancedVideo,
  H265_B_FRAME,
  H265_CONFIGURATION,
  H265_INTER_FRAME,
  H265_KEY_FRAME,
} from "../../testing/media/enhanced_samples.ts";
import { until } from "../../testing/waiting.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";

type Body = Uint8Array<ArrayBuffer>;

const FRAME_MS = 20;
const MUCH_LATER_MS = 5000;

/** The key frame and another of a stream in which all depends on the first. */
function enhanced(codec: "av1" | "vp9" | "vp8", frames: readonly Uint8Array[]): Body[] {
  return [
    enhancedVideo(codec, "frame", "key", frames[0]!),
    enhancedVideo(codec, "frame", "inter", frames[1]!),
  ];
}

/** Sorenson H.263: a key frame as FLV has always had it. */
const H263 = fromHex("12 000084000102030405");
const H265 = [H265_CONFIGURATION, H265_KEY_FRAME, H265_INTER_FRAME];
/** The B picture is shown 40 ms after it is decoded, and the next one at once, before it. */
const REORDERED = [...H265, H265_INTER_FRAME, H265_B_FRAME, H265_INTER_FRAME, H265_INTER_FRAME];

const STREAMS: Readonly<Record<string, readonly Body[]>> = {
  vp8: enhanced("vp8", VP_STREAMS.vp8Realtime),
  vp9: enhanced("vp9", VP_STREAMS.vp9Realtime),
  av1: enhanced("av1", AV1_STREAMS.realtime),
  h265: H265,
  reordered: REORDERED,
  h263: [H263],
};

const ACCEPTED: readonly (readonly [string, keyof typeof OFFERS, RegExp])[] = [
  ["vp8", "chromium", /a=rtpmap:96 VP8\/90000/],
  ["vp8", "firefox", /a=rtpmap:120 VP8\/90000/],
  ["vp8", "safari", /a=rtpmap:102 VP8\/90000/],
  ["vp9", "chromium", /a=rtpmap:98 VP9\/90000\r\na=fmtp:98 profile-id=0/],
  ["vp9", "firefoxWithoutH264", /a=rtpmap:121 VP9\/90000/],
  ["av1", "chromium", /a=rtpmap:45 AV1\/90000\r\na=fmtp:45 level-idx=5;profile=0;tier=0/],
  ["h265", "safari", /a=rtpmap:100 H265\/90000/],
];

const REFUSED: readonly (readonly [string, keyof typeof OFFERS, RegExp])[] = [
  ["vp9", "safari", /video is VP9 \(profile 0\), the offer has H264 .*, H265 \(profile 1\), VP8/],
  ["av1", "firefox", /video is AV1 Main \(profile 0\), the offer has VP8, VP9, H264/],
  ["h265", "chromium", /video is H\.265 Main \(profile 1\), the offer has VP8, VP9 \(profile 0\)/],
  ["reordered", "safari", /has B-frames, which WebRTC cannot show.*Max B-frames to 0/],
  ["h263", "chromium", /video is h263, which WebRTC does not carry, the offer has VP8/],
];

Deno.test("WHEP answers each codec to who offers it, and tells others why not", async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  using publishers = new DisposableStack();
  for (const [name, bodies] of Object.entries(STREAMS)) {
    publishers.use(await publish(gateway, name, bodies));
  }
  for (const [name, offer, says] of ACCEPTED) {
    await t.step(`${name} to ${offer}`, async () => {
      const { status, text } = await post(gateway, name, OFFERS[offer]);
      assertEquals(status, 201, text);
      assertMatch(text, says);
    });
  }
  for (const [name, offer, says] of REFUSED) {
    await t.step(`${name} not to ${offer}`, async () => {
      const { status, text } = await post(gateway, name, OFFERS[offer]);
      assertEquals(status, 422, text);
      assertMatch(text, says);
    });
  }
});

Deno.test("WHEP: B-frames of H.265 that come later end who was accepted", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  using publisher = await publish(gateway, "late", H265);
  const { status, resource } = await post(gateway, "late", OFFERS.safari);
  assertEquals(status, 201);
  assertEquals(await statusOf(resource), 200);
  send(publisher, REORDERED.slice(3), MUCH_LATER_MS + FRAME_MS);
  await publisher.flush();
  await until("the viewer is gone", async () => await statusOf(resource) === 404);
  assertMatch(
    gateway.output(),
    /over whep for .*: The stream has B-frames, which WebRTC cannot show/,
  );
});

async function publish(
  gateway: GatewayProcess,
  name: string,
  bodies: readonly Body[],
): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", name);
  await publisher.answer();
  send(publisher, bodies, 0);
  // Sound is waited for until this much of the pictures has come.
  publisher.messages.video(MUCH_LATER_MS, bodies.at(-1)!);
  await publisher.flush();
  return publisher;
}

function send({ messages }: RtmpPublisher, bodies: readonly Body[], fromMs: number): void {
  for (const [index, body] of bodies.entries()) messages.video(fromMs + index * FRAME_MS, body);
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

async function post(gateway: GatewayProcess, name: string, offer: string) {
  const response = await fetch(gateway.httpUrl(`/live/${name}/whep`), {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: offer,
  });
  const { status, headers, url } = response;
  const resource = new URL(headers.get("location") ?? "", url).href;
  return { status, text: await response.text(), resource };
}
