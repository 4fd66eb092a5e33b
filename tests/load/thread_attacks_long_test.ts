import { testAttack } from "../attack/run_attack.ts";
import { THREAD_ATTACKS } from "../attack/thread_attacks.ts";

for (const attack of THREAD_ATTACKS) testAttack(attack);
