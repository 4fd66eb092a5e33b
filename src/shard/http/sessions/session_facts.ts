/** What the viewer of a WebRTC session can be told by server-sent events, and how. */
import type { ViewerQuality } from "../../../egress/picture_thinner.ts";
import type { Rendition } from "../../../stream/renditions.ts";

/**
 * Names of events: those of draft-ietf-wish-whep's core extensions, and "quality" of this server, which
 * tells what the viewer is sent just now.
 */
export const SESSION_EVENTS = [
  "active",
  "inactive",
  "layers",
  "viewercount",
  "reconnect",
  "quality",
] as const;

export type SessionEventName = (typeof SESSION_EVENTS)[number];

/** What there is to be told at a time. JSON is compared as text. */
export interface SessionFacts {
  readonly isLive: boolean;
  readonly viewers: number;
  /** JSON; `undefined` if the session has no pictures, or nothing is known of any. */
  readonly layers: string | undefined;
  /** JSON; `undefined` as long as the viewer is not connected. */
  readonly quality: string | undefined;
  /** Whether the viewer is to open another session: this one ends, or has ended. */
  readonly isToReconnect: boolean;
}

/** The draft leaves it open how old the number is: who has many viewers has many to tell it to. */
const VIEWERS_STEP = 50;

/**
 * Which events tell what has changed, as the bytes of a stream; `undefined` if none has.
 *
 * @param told before; `undefined` at the beginning, where nobody is told that nothing is live
 * @param wanted by the listener
 */
export function sessionEvents(
  told: SessionFacts | undefined,
  now: SessionFacts,
  wanted: ReadonlySet<SessionEventName>,
): string | undefined {
  const events: (readonly [SessionEventName, string | undefined, string | undefined])[] = [
    ["active", flag(told?.isLive === true), flag(now.isLive)],
    ["inactive", flag(told?.isLive !== true), flag(!now.isLive)],
    ["layers", told?.layers, now.layers],
    ["viewercount", count(told?.viewers), count(now.viewers)],
    ["reconnect", flag(told?.isToReconnect === true), flag(now.isToReconnect)],
    ["quality", told?.quality, now.quality],
  ];
  const lines = events
    .filter(([name, before, data]) => data !== undefined && data !== before && wanted.has(name))
    .map(([name, _before, data]) => `event: ${name}\ndata: ${data}\n\n`);
  return lines.length === 0 ? undefined : lines.join("");
}

/**
 * A stream's renditions as the draft has layers, whose `rid` is the number that `?vtrack=` takes.
 *
 * @param section of the session's SDP in which the pictures are, from 0 on
 */
export function layersJson(renditions: readonly Rendition[], section: number): string {
  const layers = renditions.map(({ trackId, bitrateBps, width, height }) => ({
    rid: `${trackId}`,
    bitrate: stepped(bitrateBps),
    ...(width !== null && { width }),
    ...(height !== null && { height }),
  }));
  return JSON.stringify({ [section]: layers });
}

/** What of a stream a viewer is sent, and why. */
export interface SentQuality {
  /** Which of the pictures. */
  readonly pictures: ViewerQuality;
  /** The number of their track. */
  readonly trackId: number;
  /** What the viewer's link carries, in bits a second; `null` as long as it carries all. */
  readonly availableBps: number | null;
  /** What it takes to be sent all; `null` as long as nothing is missing. */
  readonly neededBps: number | null;
}

/** What is told of it. */
export function qualityJson({ pictures, trackId, availableBps, neededBps }: SentQuality): string {
  return JSON.stringify({
    pictures,
    rid: `${trackId}`,
    availableBitrate: availableBps && stepped(availableBps),
    neededBitrate: neededBps && stepped(neededBps),
  });
}

/** Roughly, so that what stays about the same is not told again and again. */
function stepped(bitrateBps: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, bitrateBps))) - 1);
  return Math.round(bitrateBps / step) * step;
}

function flag(isSo: boolean): string | undefined {
  return isSo ? "{}" : undefined;
}

function count(viewers: number | undefined): string | undefined {
  if (viewers === undefined) return undefined;
  const step = Math.max(1, Math.floor(viewers / VIEWERS_STEP));
  return JSON.stringify({ viewercount: Math.round(viewers / step) * step });
}
