import type { Attack } from "./attack.ts";
import { whepForgeryAttack } from "./whep_forgery_attack.ts";
import { whepOfferAttack } from "./whep_offer_attack.ts";

/** All attacks, in the order of the table in docs/robustness.md. */
export const ATTACKS: readonly Attack[] = [whepOfferAttack, whepForgeryAttack];
