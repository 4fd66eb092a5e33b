import type { Attack } from "./attack.ts";
import { viewerAttack } from "./honest_viewers.ts";

/** Viewers that follow the events of their sessions and leave at once, over and over. */
export const SESSION_EVENTS_ATTACK: Attack = viewerAttack({
  name: "events of WebRTC viewers opened and closed over and over",
  way: "followEvents",
  findings: ({ followed = 0, failures = 0 }, seconds) => [
    { what: "followed and left, a second", value: Math.round(followed / seconds) },
    { what: "not let follow", value: failures, bar: 0 },
  ],
});
