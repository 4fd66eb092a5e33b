import { testAttack } from "../attack/run_attack.ts";
import { WHIP_FLOOD_ATTACK } from "../attack/whip_flood_attack.ts";

testAttack(WHIP_FLOOD_ATTACK);
