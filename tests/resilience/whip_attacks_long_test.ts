import { HALF_OPEN_WHIP_ATTACK } from "../attack/half_open_whip_attack.ts";
import { testAttack } from "../attack/run_attack.ts";
import { WHIP_ABUSE_ATTACK, WHIP_FLOOD_ATTACK } from "../attack/whip_flood_attack.ts";

/** Of each of their floods. */
const SECONDS = 1;

testAttack(WHIP_FLOOD_ATTACK, SECONDS);
testAttack(WHIP_ABUSE_ATTACK, SECONDS);
testAttack(HALF_OPEN_WHIP_ATTACK, SECONDS);
