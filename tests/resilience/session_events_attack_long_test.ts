import { SESSION_EVENTS_ATTACK } from "../attack/session_events_attack.ts";
import { testAttack } from "../attack/run_attack.ts";

testAttack(SESSION_EVENTS_ATTACK, 2);
