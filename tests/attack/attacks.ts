import type { Attack } from "./attack.ts";
import { MEMORY_ATTACKS } from "./memory_attacks.ts";

/** All attacks, in the order of the table in docs/robustness.md. */
export const ATTACKS: readonly Attack[] = [...MEMORY_ATTACKS];
