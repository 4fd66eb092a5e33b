/** What comes of a stream that is published by WHIP, wherever it can be watched. */
import { assert, assertEquals } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { TAG_AUDIO, TAG_VIDEO } from "../../src/flv/tag.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

/** A second and more of each. */
const ENOUGH = { pictures: 40, sounds: 60 };

/** Media of one output. */
class SeenMedia {
  keyFrames = 0;
  pictures = 0;
  sounds = 0;
  readonly codecs = new Set<string>();

  get isEnough(): boolean {
    return this.keyFrames > 0 && this.pictures >= ENOUGH.pictures && this.sounds >= ENOUGH.sounds;
  }

  takeVideo(body: Uint8Array): void {
    const video = parseVideoBody(body);
    if (video.kind !== "frame") return;
    this.codecs.add(video.codec);
    this.pictures++;
    if (video.isKeyFrame) this.keyFrames++;
  }

  takeAudio(body: Uint8Array): void {
    const audio = parseAudioBody(body);
    if (audio.kind !== "frame") return;
    this.codecs.add(audio.codec);
    this.sounds++;
  }
}

/** Waits until there are pictures and sound on HTTP-FLV and RTMP, and H.264 by WHEP too. */
export async function seeOutputs(
  gateway: GatewayProcess,
  path: string,
  codec: "h264" | "vp8" | "av1",
): Promise<void> {
  await Promise.all([
    seeFlv(gateway, path, codec),
    seeRtmp(gateway, path, codec),
    codec === "h264" && seeWhep(gateway, path),
  ]);
}

async function seeFlv(gateway: GatewayProcess, path: string, codec: string): Promise<void> {
  const seen = new SeenMedia();
  const reader = new FlvReader({ strict: true });
  const response = await fetch(gateway.httpUrl(`/${path}.flv`));
  assertEquals(response.status, 200);
  for await (const piece of response.body!) {
    reader.push(piece);
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      if (record.kind !== "tag") continue;
      if (record.type === TAG_VIDEO) seen.takeVideo(record.body);
      if (record.type === TAG_AUDIO) seen.takeAudio(record.body);
    }
    if (seen.isEnough) break;
  }
  assert(seen.isEnough, `HTTP-FLV has ended: ${gateway.output()}`);
  assertEquals(seen.codecs, new Set([codec, "opus"]));
}

async function seeRtmp(gateway: GatewayProcess, path: string, codec: string): Promise<void> {
  const [app, name] = path.split("/");
  const seen = new SeenMedia();
  using player = await RtmpPlayerClient.connect(gateway.rtmpPort, app);
  player.onMedia = ({ kind, payload }) =>
    kind === "video" ? seen.takeVideo(payload) : seen.takeAudio(payload);
  await player.command(1, "play", name!);
  await until("an RTMP player has pictures and sound", () => seen.isEnough);
  assertEquals(seen.codecs, new Set([codec, "opus"]));
}

async function seeWhep(gateway: GatewayProcess, path: string): Promise<void> {
  await using viewer = await WhepViewer.join(gateway, { path });
  await until(
    "a WebRTC viewer has pictures and sound",
    () =>
      (viewer.video?.packets.filter(({ isMarked }) => isMarked).length ?? 0) >= ENOUGH.pictures &&
      (viewer.audio?.packets.length ?? 0) >= ENOUGH.sounds,
  );
}
