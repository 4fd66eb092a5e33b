import type { Attack } from "./attack.ts";
import { IDLE_HTTP_ATTACK, RTMP_PLACES_ATTACK } from "./connection_lockout_attack.ts";
import { DATA_CHANNEL_ATTACK } from "./data_channel_attack.ts";
import { HALF_OPEN_WHIP_ATTACK } from "./half_open_whip_attack.ts";
import { LAYER_CHOICES_ATTACK } from "./layer_choices_attack.ts";
import { LOG_ATTACK } from "./log_attack.ts";
import { LYING_VIEWERS_ATTACKS } from "./lying_viewers_attack.ts";
import { MEMORY_ATTACKS } from "./memory_attacks.ts";
import { PUBLISH_LOCKOUT_ATTACK } from "./publish_lockout_attack.ts";
import { SESSION_EVENTS_ATTACK } from "./session_events_attack.ts";
import { STREAM_LIST_ATTACK } from "./stream_list_attack.ts";
import { THREAD_ATTACKS } from "./thread_attacks.ts";
import { TRANSCODER_ATTACK } from "./transcoder_attack.ts";
import { whepForgeryAttack } from "./whep_forgery_attack.ts";
import { WHEP_LOCKOUT_ATTACK } from "./whep_lockout_attack.ts";
import { whepOfferAttack } from "./whep_offer_attack.ts";
import { WHIP_ABUSE_ATTACK, WHIP_FLOOD_ATTACK } from "./whip_flood_attack.ts";
import { WHIP_LOCKOUT_ATTACK } from "./whip_lockout_attack.ts";

/** All attacks, in the order of the table in docs/robustness.md. */
export const ATTACKS: readonly Attack[] = [
  ...THREAD_ATTACKS,
  TRANSCODER_ATTACK,
  LOG_ATTACK,
  ...MEMORY_ATTACKS,
  whepOfferAttack,
  whepForgeryAttack,
  WHEP_LOCKOUT_ATTACK,
  DATA_CHANNEL_ATTACK,
  ...LYING_VIEWERS_ATTACKS,
  LAYER_CHOICES_ATTACK,
  WHIP_FLOOD_ATTACK,
  WHIP_ABUSE_ATTACK,
  HALF_OPEN_WHIP_ATTACK,
  SESSION_EVENTS_ATTACK,
  PUBLISH_LOCKOUT_ATTACK,
  WHIP_LOCKOUT_ATTACK,
  IDLE_HTTP_ATTACK,
  RTMP_PLACES_ATTACK,
  STREAM_LIST_ATTACK,
];
