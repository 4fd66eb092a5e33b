import type { Attack } from "./attack.ts";
import { viewerAttack } from "./honest_viewers.ts";
import { CHOOSERS } from "./layer_choosers.ts";

/** Of one that does nothing else: ten, and one a second. */
const CHOICES_AT_ONCE = 10;
const CHOICES_PER_SECOND = 1;

/** Viewers that choose another layer as fast as they are answered. */
export const LAYER_CHOICES_ATTACK: Attack = viewerAttack({
  name: "WebRTC viewers that change their layer over and over",
  way: "chooseLayers",
  findings: ({ taken = 0, refused = 0, others = 0 }, seconds) => {
    // The last answers come when the time is over.
    const allowed = CHOOSERS * (CHOICES_AT_ONCE + (seconds + 1) * CHOICES_PER_SECOND);
    return [
      { what: "choices a second", value: Math.round((taken + refused) / seconds) },
      { what: "taken beyond what is allowed", value: Math.max(0, taken - allowed), bar: 0 },
      { what: "answers that are neither 200 nor 429", value: others, bar: 0 },
    ];
  },
});
