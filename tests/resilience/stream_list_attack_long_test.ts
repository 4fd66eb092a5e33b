import { testAttack } from "../attack/run_attack.ts";
import { STREAM_LIST_ATTACK } from "../attack/stream_list_attack.ts";

testAttack(STREAM_LIST_ATTACK, 2);
