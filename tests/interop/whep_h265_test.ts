/** H.265 over WHEP, which no browser here decodes: a viewer of our own, and ffmpeg. */
import { assert, assertEquals } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { parseH265Configuration } from "../../src/codec/h265/h265.ts";
import { splitH265NalUnits } from "../../src/codec/h265/access_unit.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { toHex } from "../../testing/mutation.ts";
import { isPeerMissing, runPeer } from "../../testing/peers.ts";
import { inOrder, type ReceivedPacket } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { depacketizeH265 } from "../rtp/h265_depacketizer.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import { LIVE_CODEC_ARGS } from "./live_codecs.ts";

const PATH = "live/h265";
/** Three seconds, in which there is more than one key frame. */
const PICTURES = 90;
const PARAMETER_SETS: readonly number[] = [32, 33, 34];

const TEST = "a viewer that offers H.265 gets what was published, and ffmpeg decodes it";

Deno.test({
  name: TEST,
  ignore: isPeerMissing(TEST, ["ffmpeg", "ffmpeg 7"]),
  // werift's timers for repeated flights outlive a handshake by seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = publishWithFfmpeg({
      peer: "ffmpeg 7",
      url: gateway.rtmpUrl(PATH),
      codecArgs: LIVE_CODEC_ARGS["H.265"],
      sources: ["video"],
    });
    await until("the stream is live", async () => (await gateway.stream(PATH))?.state === "live");
    await using recording = await recordFlv(gateway);
    await using viewer = await WhepViewer.join(gateway, {
      path: PATH,
      // Nothing is lost on the way, and so nothing has to be asked for again.
      transport: "tcp",
      offer: offerH265,
    });
    const packets = () => viewer.video?.packets ?? [];
    await until("pictures have come", () => {
      return packets().filter(({ isMarked }) => isMarked).length > PICTURES;
    });
    const received = accessUnits(packets());
    await until(
      "the same have come by FLV",
      () => recording.pictures.length > received.length + 30,
    );

    const sent = recording.pictures.map(pictureOf);
    const got = received.map(pictureOf);
    const start = sent.indexOf(got[0]!);
    assert(start >= 0, "The first picture was never sent");
    assertEquals(got, sent.slice(start, start + got.length));
    await assertDecodes(received);
  },
});

/** The usual offer, with H.265 in the place of a profile of H.264. */
function offerH265(sdp: string): string {
  return sdp.replace("a=rtpmap:102 H264/90000", "a=rtpmap:102 H265/90000")
    .replace(/^a=fmtp:102 .*/m, "a=fmtp:102 level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST");
}

/** The NAL units of each access unit that came whole, from the first on. */
function accessUnits(packets: readonly ReceivedPacket[]): (readonly Uint8Array[])[] {
  const units: Uint8Array[][] = [];
  let unit: Uint8Array[] = [];
  for (const { packet, isMarked } of inOrder(packets)) {
    unit.push(packet);
    if (!isMarked) continue;
    units.push(depacketizeH265(unit));
    unit = [];
  }
  return units;
}

/** What makes a picture, by which it is found again. */
function pictureOf(nalUnits: readonly Uint8Array[]): string {
  return nalUnits.filter((unit) => !PARAMETER_SETS.includes(unit[0]! >> 1)).map(toHex).join(" ");
}

/** Begins with parameter sets, and no picture is missing or broken. */
async function assertDecodes(received: readonly (readonly Uint8Array[])[]): Promise<void> {
  assertEquals(received[0]!.slice(0, 3).map((unit) => unit[0]! >> 1), PARAMETER_SETS);
  const writer = new ByteWriter(1 << 20);
  for (const unit of received.flat()) writer.u32(1).bytes(unit);
  const path = await Deno.makeTempFile({ suffix: ".h265" });
  try {
    await Deno.writeFile(path, writer.take());
    const args = ["-v", "error", "-i", path, "-fps_mode", "passthrough", "-f", "framemd5", "-"];
    const { stdout, stderr } = await runPeer("ffmpeg", args);
    assertEquals(stderr, "");
    const pictures = stdout.split("\n").filter((line) => /^\d/.test(line));
    assertEquals(pictures.length, received.length);
  } finally {
    await Deno.remove(path);
  }
}

/** Reads the stream by HTTP-FLV until it is disposed of. */
async function recordFlv(gateway: GatewayProcess) {
  const response = await fetch(gateway.httpUrl(`/${PATH}.flv`));
  const pieces = response.body!.getReader();
  const pictures: (readonly Uint8Array[])[] = [];
  const flv = new FlvReader();
  let lengthSize: 1 | 2 | 4 | undefined;
  const take = (body: Uint8Array) => {
    const video = parseVideoBody(body);
    if (video.kind === "configuration") {
      lengthSize = parseH265Configuration(video.data).nalLengthSize;
    } else if (video.kind === "frame") {
      pictures.push(splitH265NalUnits(video.data.slice(), lengthSize!));
    }
  };
  const reading = (async () => {
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      flv.push(piece.value);
      for (let record = flv.next(); record !== undefined; record = flv.next()) {
        if (record.kind === "tag" && record.type === TAG_VIDEO) take(record.body);
      }
    }
  })();
  return {
    pictures,
    [Symbol.asyncDispose]: async () => {
      await pieces.cancel();
      await reading;
    },
  };
}
