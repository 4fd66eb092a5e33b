/**
 * ffmpeg 7, which publishes H.265, AV1 and VP9 by Enhanced RTMP. It lives in a root folder of its
 * own, `SLUICE_FFMPEG7` or `/opt/ffmpeg7`: `mmdebstrap --variant=apt --include=ffmpeg trixie DIR`.
 */
const ROOT = Deno.env.get("SLUICE_FFMPEG7") ?? "/opt/ffmpeg7";

/** The command that starts it. */
export const FFMPEG7: readonly [string, ...string[]] = ["chroot", ROOT, "ffmpeg"];

/**
 * Whether it is missing; says so loudly, since a test that does not run proves nothing.
 *
 * @throws {Error} when it is missing and `SLUICE_REQUIRE_PEERS=1` asks for all peers
 */
export function ffmpeg7Missing(): boolean {
  try {
    Deno.statSync(`${ROOT}/usr/bin/ffmpeg`);
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const message = `Cannot test Enhanced RTMP: needs ffmpeg 7 in ${ROOT}, found nothing`;
  if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(message);
  console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
  return true;
}

/** Codec arguments of small live pictures, two seconds between key frames, and AAC. */
export const LIVE_CODEC_ARGS = {
  "AV1 by SVT": live("libsvtav1", "-preset", "12", "-svtav1-params", "pred-struct=1:rc=2"),
  "AV1 by libaom": live("libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-row-mt", "1"),
  "VP9": live("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1"),
  "H.265": live("libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=error"),
  "H.265 with B-frames": live(
    ...["libx265", "-preset", "ultrafast", "-x265-params", "bframes=2:log-level=error"],
  ),
} as const;

function live(encoder: string, ...options: readonly string[]): readonly string[] {
  return [
    ...["-c:v", encoder, ...options, "-g", "60", "-b:v", "800k", "-pix_fmt", "yuv420p"],
    ...["-c:a", "aac", "-b:a", "96k"],
  ];
}
