import { DATA_CHANNEL_ATTACK } from "../attack/data_channel_attack.ts";
import { testAttack } from "../attack/run_attack.ts";

testAttack(DATA_CHANNEL_ATTACK, 2);
