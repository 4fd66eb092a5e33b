import { MEMORY_ATTACKS } from "../attack/memory_attacks.ts";
import { testAttack } from "../attack/run_attack.ts";

for (const attack of MEMORY_ATTACKS) testAttack(attack);
