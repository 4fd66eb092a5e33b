/** Viewers that are programs of other makers' WebRTC, in `testing/whep_peers`. */
import { type Peer, peerCommand } from "../../testing/peers.ts";
import { spawnPeer } from "./peer_process.ts";

export type SeenKind = "audio" | "video";

/** Data channels on which something is told. */
export type HeardKind = "events" | "cues";

/** What one of them prints when it ends. */
export interface PeerReport {
  /** Whether it took the answer. */
  readonly accepted: boolean;
  /** Whether the session was there to be ended, at the end. */
  readonly left: boolean;
  /** Its `connectionState` at the end. */
  readonly state: string;
  /** Of each track: `frames` were decoded, `packets` only received. */
  readonly seen: Readonly<
    Partial<Record<SeenKind, { readonly frames?: number; readonly packets?: number }>>
  >;
  /** Texts of data channels. */
  readonly heard?: Readonly<Partial<Record<HeardKind, readonly string[]>>>;
  /** Statuses of PATCH. */
  readonly trickled?: readonly number[];
  /** Why it ended before it had seen enough. */
  readonly failure?: string;
}

export interface WhepPeer {
  readonly name: string;
  /** What must be installed for it. */
  readonly needs: readonly Peer[];
  readonly command: readonly [program: string, ...args: string[]];
  /** What it can be told to do. */
  readonly can: PeerTalents;
}

export interface PeerTalents {
  /** Whether it offers what it is told to. */
  readonly offers: boolean;
  /** Whether it calls itself connected though its data channel does not open. */
  readonly connectsWithoutData: boolean;
  /** Whether it can open the channels on which something is told. */
  readonly listens: boolean;
  /** Whether its handshakes bear that others of it load the machine. */
  readonly playTogether: boolean;
}

const WERIFT = new URL("../../testing/whep_peers/werift_viewer.ts", import.meta.url).pathname;

const ALL = { offers: true, connectsWithoutData: true, listens: false, playTogether: true };

const LISTENER = { ...ALL, listens: true };

/** Those that a machine of continuous integration has. */
export const WHEP_PEERS: readonly WhepPeer[] = [
  { name: "aiortc", needs: ["aiortc"], command: peerCommand("aiortc"), can: LISTENER },
  { name: "webrtcbin", needs: ["webrtcbin"], command: peerCommand("webrtcbin"), can: ALL },
  { name: "pion", needs: ["pion"], command: peerCommand("pion"), can: LISTENER },
  {
    name: "werift",
    needs: [],
    command: [Deno.execPath(), "run", "-A", "--no-check", WERIFT],
    can: { ...ALL, connectsWithoutData: false, playTogether: false },
  },
];

/** GStreamer's, which is to be built. */
export const WHEPSRC: WhepPeer = {
  name: "whepsrc",
  needs: ["whepsrc"],
  command: peerCommand("whepsrc"),
  can: { ...ALL, offers: false },
};

/** What a viewer is to do. */
export interface PeerTask {
  readonly url: string;
  /** Kinds of sections, in their order. */
  readonly offer: readonly (SeenKind | HeardKind | "data")[];
  /** Ends when it has seen so many of each. */
  readonly until: Readonly<Partial<Record<SeenKind | HeardKind, number>>>;
  readonly args?: readonly string[];
}

/** Lets a viewer play until it has seen enough; throws if it prints no report. */
export async function playWith(
  { name, command: [program, ...first] }: WhepPeer,
  { url, offer, until, args = [] }: PeerTask,
): Promise<PeerReport> {
  const wanted = Object.entries(until).map(([kind, count]) => `${kind}=${count}`).join(",");
  // Go takes options only in front.
  const options = ["--offer", offer.join(","), "--until", wanted, "--timeout-s", "15", ...args];
  await using peer = spawnPeer(program, [...first, ...options, url]);
  await peer.ended;
  const printed = peer.output().split("\n").find((line) => line.startsWith("{"));
  if (printed === undefined) throw new Error(`${name} printed no report: ${peer.output()}`);
  return JSON.parse(printed);
}
