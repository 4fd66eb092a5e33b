import type { Attack } from "./attack.ts";
import { viewerAttack } from "./honest_viewers.ts";

/** Each packet may be sent again three times, also those of before; a probe adds less. */
const MAX_TIMES_THE_STREAM = 6;

/** Viewers that lie about their links, each in a way of its own, by either feedback. */
export const LYING_VIEWERS_ATTACKS: readonly Attack[] = (["remb", "twcc"] as const)
  .map((feedback) =>
    viewerAttack({
      name: `WebRTC viewers that lie about their links (${feedback})`,
      way: "lieAboutLinks",
      args: ["--webrtc-feedback", feedback],
      findings: (times) =>
        Object.entries(times).map(([lie, value]) => ({
          what: `"${lie}" is sent, times the stream`,
          value: Math.round(value * 100) / 100,
          bar: MAX_TIMES_THE_STREAM,
        })),
    })
  );
