import type { Attack } from "./attack.ts";
import { LOG_ATTACK } from "./log_attack.ts";

/** All attacks, in the order of the table in docs/robustness.md. */
export const ATTACKS: readonly Attack[] = [LOG_ATTACK];
