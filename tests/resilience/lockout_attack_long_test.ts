import { IDLE_HTTP_ATTACK, RTMP_PLACES_ATTACK } from "../attack/connection_lockout_attack.ts";
import { PUBLISH_LOCKOUT_ATTACK } from "../attack/publish_lockout_attack.ts";
import { testAttack } from "../attack/run_attack.ts";
import { WHEP_LOCKOUT_ATTACK } from "../attack/whep_lockout_attack.ts";
import { WHIP_LOCKOUT_ATTACK } from "../attack/whip_lockout_attack.ts";

testAttack(WHEP_LOCKOUT_ATTACK);
testAttack(WHIP_LOCKOUT_ATTACK);
testAttack(PUBLISH_LOCKOUT_ATTACK);
testAttack(IDLE_HTTP_ATTACK);
testAttack(RTMP_PLACES_ATTACK);
