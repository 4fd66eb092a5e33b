import { testAttack } from "../attack/run_attack.ts";
import { OTHER_THREAD_ATTACKS, WORST_THREAD_ATTACKS } from "../attack/thread_attacks.ts";
import { IS_LONG, longForm } from "../../testing/long_form.ts";

for (const attack of longForm(WORST_THREAD_ATTACKS, 2)) testAttack(attack);

// Eight seconds each.
if (IS_LONG) { for (const attack of OTHER_THREAD_ATTACKS) testAttack(attack); }
