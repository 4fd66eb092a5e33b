import { writeStunCheck } from "../../testing/webrtc/stun_client.ts";
import type { Attack } from "./attack.ts";
import { Flood } from "./flood.ts";
import { repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A STUN check of a session that there is not, as a browser would write it. */
const STRAY_CHECK = writeStunCheck({ username: "nobody:here", password: "nothing at all, really" });

/** What might be RTCP, from nobody. */
const STRAY_RTCP = new Uint8Array(1200).fill(0x80);

/** Frames of no bytes: nothing but lengths of 0. */
const EMPTY_FRAMES = new Uint8Array(64 * 1024);

/** The first shard's port; checks and reports of nobody, in turn. */
export const STRAY_DATAGRAMS_ATTACK: Attack = threadAttack({
  name: "stray STUN over UDP",
  flood: ({ webrtcPorts }, peers) => Flood.overUdp(webrtcPorts[0]!, STRAY_CHECK, peers),
});

export const STRAY_REPORTS_ATTACK: Attack = threadAttack({
  name: "stray RTCP over UDP",
  flood: ({ webrtcPorts }, peers) => Flood.overUdp(webrtcPorts[0]!, STRAY_RTCP, peers),
});

export const EMPTY_ICE_FRAMES_ATTACK: Attack = threadAttack({
  name: "empty frames over ICE-TCP",
  flood: ({ webrtcPorts }, peers) =>
    Flood.overTcp(webrtcPorts[0]!, {
      openings: Array.from({ length: peers }, () => new Uint8Array(2)),
      payload: EMPTY_FRAMES,
    }),
});

export const STRAY_ICE_CHECKS_ATTACK: Attack = threadAttack({
  name: "stray STUN over ICE-TCP",
  flood: ({ webrtcPorts }, peers) => {
    const frame = new Uint8Array(2 + STRAY_CHECK.length);
    frame[1] = STRAY_CHECK.length;
    frame.set(STRAY_CHECK, 2);
    return Flood.overTcp(webrtcPorts[0]!, {
      openings: Array.from({ length: peers }, () => new Uint8Array(2)),
      payload: repeated(frame),
    });
  },
});
