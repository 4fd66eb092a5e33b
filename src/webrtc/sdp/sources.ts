/** What an offer says of the packets that its side would send: their numbers, and simulcast. */
import { type SdpAttribute, sdpValue, sdpValues } from "./lines.ts";

/** Layers that are taken; browsers send up to three, OBS four. */
export const MAX_SIMULCAST_LAYERS = 4;

/** A name that is written in RTP packets as well (RFC 8852 3). */
const RID = /^[A-Za-z0-9_-]{1,16}$/;

export interface OfferedSources {
  /** Of media, in the offer's order; empty if none is said. */
  readonly ssrcs: readonly number[];
  /** Of retransmissions (RFC 4588). */
  readonly repairSsrcs: ReadonlySet<number>;
  /** Names of simulcast's layers (RFC 8853), in the offer's order; empty without simulcast. */
  readonly rids: readonly string[];
}

/** Reads it of a section's attributes; what cannot be understood is as if it was not said. */
export function parseOfferedSources(attributes: readonly SdpAttribute[]): OfferedSources {
  const repairSsrcs = new Set<number>();
  for (const value of sdpValues(attributes, "ssrc-group")) {
    const match = /^FID \d{1,10} (\d{1,10})$/.exec(value);
    if (match !== null) repairSsrcs.add(Number(match[1]));
  }
  const all = sdpValues(attributes, "ssrc").map((value) => Number(/^\d{1,10}\b/.exec(value)?.[0]));
  const ssrcs = new Set(all.filter((ssrc) => ssrc <= 0xffff_ffff && !repairSsrcs.has(ssrc)));
  return { ssrcs: [...ssrcs], repairSsrcs, rids: parseRids(attributes) };
}

/** RFC 8853 5.1: layers lie between semicolons; of alternatives, the first; "~" is a paused one. */
function parseRids(attributes: readonly SdpAttribute[]): string[] {
  const list = /(?:^| )send (\S+)/.exec(sdpValue(attributes, "simulcast") ?? "")?.[1];
  if (list === undefined) return [];
  const sent = new Set(
    sdpValues(attributes, "rid").map((value) => /^(\S+) send\b/.exec(value)?.[1]),
  );
  const named = list.split(";").map((layer) => layer.split(",")[0]!.replace(/^~/, ""));
  return [...new Set(named)].filter((rid) => RID.test(rid) && sent.has(rid))
    .slice(0, MAX_SIMULCAST_LAYERS);
}
