import { LYING_VIEWERS_ATTACKS } from "../attack/lying_viewers_attack.ts";
import { testAttack } from "../attack/run_attack.ts";

for (const attack of LYING_VIEWERS_ATTACKS) testAttack(attack);
