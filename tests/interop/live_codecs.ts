/** Codec arguments of ffmpeg 7 for live pictures: two seconds between key frames, and AAC. */
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
