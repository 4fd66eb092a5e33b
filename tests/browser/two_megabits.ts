import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { type Publisher, publishWithFfmpeg } from "../interop/ffmpeg.ts";

const VIDEO_KBPS = 2000;
export const FRAME_RATE = 30;
const KEY_FRAME_S = 2;

/** Publishes one rendition of 2.1 Mbit/s with its sound, and a key frame every two seconds. */
export function publishTwoMegabits(gateway: GatewayProcess, path: string): Publisher {
  return publishWithFfmpeg({
    url: gateway.rtmpUrl(path),
    pictures: `testsrc2=size=960x540:rate=${FRAME_RATE},noise=alls=10:allf=t`,
    codecArgs: [
      ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main"],
      ...["-pix_fmt", "yuv420p", "-g", `${KEY_FRAME_S * FRAME_RATE}`, "-sc_threshold", "0"],
      ...["-b:v", `${VIDEO_KBPS}k`, "-maxrate", `${VIDEO_KBPS}k`, "-bufsize", `${VIDEO_KBPS / 2}k`],
      ...["-c:a", "aac", "-b:a", "96k"],
    ],
  });
}
