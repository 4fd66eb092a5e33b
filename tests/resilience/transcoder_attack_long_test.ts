import { testAttack } from "../attack/run_attack.ts";
import { TRANSCODER_ATTACK } from "../attack/transcoder_attack.ts";

testAttack(TRANSCODER_ATTACK, 6);
