import type { Attack } from "./attack.ts";
import { TINY_SOUND_ATTACK } from "./tiny_sound_attack.ts";

/** All attacks, in the order of the table in docs/robustness.md. */
export const ATTACKS: readonly Attack[] = [TINY_SOUND_ATTACK];
