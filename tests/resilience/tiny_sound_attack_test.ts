import { testAttack } from "../attack/run_attack.ts";
import { TINY_SOUND_ATTACK } from "../attack/tiny_sound_attack.ts";

testAttack(TINY_SOUND_ATTACK);
