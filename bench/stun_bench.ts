/**
 * What a connectivity check costs, and what garbage costs: `deno bench bench/stun_bench.ts`.
 * A viewer sends a check every 2.5 s or so.
 */
import { datagramKind } from "../src/webrtc/datagram_kind.ts";
import { IceLiteAgent } from "../src/webrtc/ice/ice_lite.ts";
import { parseStun, stunUsername } from "../src/webrtc/ice/stun.ts";
import { parseSdpOffer } from "../src/webrtc/sdp/offer.ts";
import { answerOffer } from "../testing/webrtc/answers.ts";
import { OFFERS } from "../testing/webrtc/offers.ts";
import { writeStunCheck } from "../testing/webrtc/stun_client.ts";

const LOCAL = { ufrag: "ours1234", password: "password-of-the-server-1" };
const CHECK = { username: "ours1234:their", password: LOCAL.password, nominates: true } as const;
const from = { transport: "udp", hostname: "192.0.2.1", port: 5000 } as const;
const from6 = { transport: "udp", hostname: "2001:db8::1:2:3", port: 5000 } as const;

const agent = new IceLiteAgent({ local: LOCAL, remoteUfrag: "their", nowMs: 0 });
const agents = new Map([[LOCAL.ufrag, agent]]);
const check = writeStunCheck(CHECK);
const unknown = writeStunCheck({ ...CHECK, username: "nobody12:their" });
const forged = writeStunCheck({ ...CHECK, password: "password-of-somebody-els" });
const noise = new Uint8Array(1200).fill(0xff);
const almostStun = Uint8Array.from(check, (byte, at) => at === 4 ? 0x20 : byte);

/** As a shard does it: kind, session by name, agent. */
function take(datagram: Uint8Array, expected: string): void {
  let outcome: string = datagramKind(datagram);
  if (outcome === "stun") {
    const username = stunUsername(datagram);
    const session = username && agents.get(username.localUfrag);
    outcome = session?.receive(datagram, from, 1).kind ?? "unknown";
  }
  if (outcome !== expected) throw new Error(`Got ${outcome}`);
}

Deno.bench("STUN: verify and respond, IPv4", () => take(check, "answer"));
Deno.bench("STUN: verify and respond, IPv6", () => {
  if (agent.receive(check, from6, 1).kind !== "answer") throw new Error("Not answered");
});
Deno.bench("STUN: parse only", () => {
  if (parseStun(check) === undefined) throw new Error("Not parsed");
});
Deno.bench("STUN: known name, wrong password", () => take(forged, "drop"));
Deno.bench("STUN: unknown name", () => take(unknown, "unknown"));
Deno.bench("STUN: wrong cookie", () => take(almostStun, "unknown"));
Deno.bench("garbage", () => take(noise, "unknown"));

Deno.bench("SDP: parse Chromium's offer", () => void parseSdpOffer(OFFERS.chromium));
Deno.bench("SDP: parse, choose and answer Chromium's offer", () => {
  answerOffer(OFFERS.chromium, {
    audio: { codec: "opus", channels: 2 },
    video: { codec: "h264", profileIdc: 0x64, profileCompatibility: 0, levelIdc: 40 },
  });
});
