import { LOG_ATTACK } from "../attack/log_attack.ts";
import { testAttack } from "../attack/run_attack.ts";

testAttack(LOG_ATTACK);
