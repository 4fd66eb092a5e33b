import { assertEquals } from "@std/assert";
import { settleMedia, viewerTracks } from "../../../src/shard/live/viewer_media.ts";
import { chooseMedia, type StreamMedia } from "../../../src/webrtc/sdp/media_choice.ts";
import { parseSdpOffer } from "../../../src/webrtc/sdp/offer.ts";
import { OFFERS } from "../../../testing/webrtc/offers.ts";

const STREAM: StreamMedia = {
  audio: { codec: "opus", channels: 2 },
  video: { codec: "h264", profileIdc: 0x64, profileCompatibility: 0, levelIdc: 40 },
};

function tracksFor(
  offer: string,
  media: StreamMedia,
  { feedback = "remb" as "remb" | "twcc", audio = true } = {},
) {
  const choice = chooseMedia(parseSdpOffer(offer), media, { audio, video: true });
  if (choice.kind !== "match") throw new Error("There is no common codec");
  return viewerTracks(settleMedia(choice, media, { feedback }), media);
}

Deno.test("viewerTracks: pictures are held from the beginning on where sound is played with them", () => {
  const { audio, video } = tracksFor(OFFERS.chromium, STREAM);
  assertEquals([audio?.held, video?.held?.leastMs], [undefined, 110]);
  for (
    const tracks of [
      tracksFor(OFFERS.chromium, { ...STREAM, audio: undefined }),
      tracksFor(OFFERS.chromium, STREAM, { audio: false }),
    ]
  ) assertEquals(tracks.video?.held?.leastMs, 0);
});

Deno.test("viewerTracks: pictures are shown as they come where no sound can come, or none in step", () => {
  const most = (tracks: ReturnType<typeof viewerTracks>) => {
    const { bytes } = tracks.video!.held!.extension(0)!;
    return [(bytes[6]! & 0xf) << 8 | bytes[7]!, bytes[5]! << 4 | bytes[6]! >> 4];
  };
  assertEquals(most(tracksFor(OFFERS.chromium, STREAM, { audio: false })), [2, 0]);
  const late = tracksFor(OFFERS.chromium, { ...STREAM, audio: undefined });
  assertEquals(most(late), [1000, 0], "its sound may come later");
  const { bytes } = tracksFor(OFFERS.chromium, STREAM, { audio: false }).video!.held!.extension(
    300,
  )!;
  assertEquals([...bytes.subarray(5, 8)], [1, 0xe3, 0xe8], "far away, where packets are lost");
});

Deno.test("viewerTracks: a viewer that offers no playout delay is not told to hold pictures", () => {
  const { video } = tracksFor(OFFERS.whepsrc, STREAM);
  assertEquals([video?.held, video?.identity.extension], [undefined, undefined]);
});

Deno.test("viewerTracks: what is told of pictures keeps the numbers of packets beside it", () => {
  const plain = tracksFor(OFFERS.chromium, STREAM).video!;
  assertEquals(plain.identity.extension, undefined);
  const element = [5 << 4 | 2, 2, 0x33, 0xe8];
  assertEquals([...plain.held!.extension(350)!.bytes], [0xbe, 0xde, 0, 1, ...element]);
  const { held, identity } = tracksFor(OFFERS.chromium, STREAM, { feedback: "twcc" }).video!;
  const [told, untold] = [held!.extension(350)!, identity.extension!];
  assertEquals([...told.bytes.subarray(4, 8)], element);
  assertEquals(
    told.bytes[told.transportSequenceAt - 1],
    untold.bytes[untold.transportSequenceAt - 1],
  );
});
