import type { Attack } from "./attack.ts";
import { LOG_ATTACK } from "./log_attack.ts";
import { OTHER_THREAD_ATTACKS, WORST_THREAD_ATTACKS } from "./thread_attacks.ts";
import { whepForgeryAttack } from "./whep_forgery_attack.ts";
import { whepOfferAttack } from "./whep_offer_attack.ts";

/** All attacks, in the order of the table in docs/robustness.md. */
export const ATTACKS: readonly Attack[] = [
  ...WORST_THREAD_ATTACKS,
  ...OTHER_THREAD_ATTACKS,
  LOG_ATTACK,
  whepOfferAttack,
  whepForgeryAttack,
];
