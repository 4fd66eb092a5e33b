import type { Attack } from "./attack.ts";
import { COMMANDS_ATTACK } from "./commands_attack.ts";
import { CONNECTIONS_ATTACK } from "./connections_attack.ts";
import { EMPTY_NAL_UNITS_ATTACK } from "./empty_nal_units_attack.ts";
import {
  HTTP_BODY_ATTACK,
  PIPELINED_REQUESTS_ATTACK,
  WEBSOCKET_PINGS_ATTACK,
} from "./http_attacks.ts";
import { PINGS_ATTACK } from "./pings_attack.ts";
import { PLAY_AGAIN_ATTACK } from "./play_again_attack.ts";
import { PUBLISH_AGAIN_ATTACK } from "./publish_again_attack.ts";
import { TINY_AGGREGATES_ATTACK } from "./tiny_aggregates_attack.ts";
import { TINY_CHUNKS_ATTACK } from "./tiny_chunks_attack.ts";
import { TINY_FRAMES_ATTACK } from "./tiny_frames_attack.ts";
import { TINY_SOUND_ATTACK } from "./tiny_sound_attack.ts";
import {
  EMPTY_ICE_FRAMES_ATTACK,
  STRAY_DATAGRAMS_ATTACK,
  STRAY_ICE_CHECKS_ATTACK,
  STRAY_REPORTS_ATTACK,
} from "./webrtc_garbage_attacks.ts";

/** Those that once held a thread for seconds, and what there is most of. */
export const THREAD_ATTACKS: readonly Attack[] = [
  TINY_SOUND_ATTACK,
  TINY_AGGREGATES_ATTACK,
  TINY_FRAMES_ATTACK,
  TINY_CHUNKS_ATTACK,
  EMPTY_NAL_UNITS_ATTACK,
  COMMANDS_ATTACK,
  PINGS_ATTACK,
  PUBLISH_AGAIN_ATTACK,
  PLAY_AGAIN_ATTACK,
  CONNECTIONS_ATTACK,
  PIPELINED_REQUESTS_ATTACK,
  HTTP_BODY_ATTACK,
  WEBSOCKET_PINGS_ATTACK,
  STRAY_DATAGRAMS_ATTACK,
  STRAY_REPORTS_ATTACK,
  EMPTY_ICE_FRAMES_ATTACK,
  STRAY_ICE_CHECKS_ATTACK,
];
