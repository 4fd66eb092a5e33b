import type { Access, AccessDecision, AccessRequest } from "../../access/access.ts";
import { timeSlice } from "../time_slice.ts";
import type { Client } from "./clients.ts";
import { RevokedCounts } from "./revoked_counts.ts";

/** Questions that wait for an answer at a time: others are to come in meanwhile. */
const MAX_ASKED = 64;

/** Who is asked again. */
export interface RecheckOptions {
  /** Subjects, whole ("key camera-1") or their ids alone ("camera-1"). */
  readonly revoke: readonly string[];
  /** Whether all are asked. */
  readonly recheck: boolean;
}

/**
 * Asks again about clients that were let in, and has those end that would be kept out now. Where
 * nobody can say, only those end that are named.
 *
 * @param counts of those who are named, kept while they are asked
 */
export async function recheckClients(
  clients: readonly Client[],
  access: Access,
  { revoke, recheck }: RecheckOptions,
  counts = new RevokedCounts(revoke, clients),
): Promise<void> {
  // Those who are named first: whoever has named them waits for it.
  const asked = new Set([...counts.clients, ...(recheck ? clients : [])]);
  // All take from one list, so that none waits for the slowest of a batch.
  const rest = asked.values();
  const share = timeSlice.share("many peers");
  share.begin(performance.now());
  await Promise.all(Array.from({ length: Math.min(MAX_ASKED, asked.size) }, async () => {
    for (const client of rest) {
      const decision = await access.decide({ ...client.admission.asked, isAgain: true });
      const isUnknown = decision.kind === "refuse" && decision.status === "unavailable";
      const isKept = isUnknown && !counts.has(client);
      counts.decided(client, isKept || client.reconsider(decision));
      await share.pause();
    }
  }));
}

/**
 * Has the limits count for all who are there that the settings set now, and says what lets them in now.
 * Nobody is ended by this who may do less, and nobody is asked.
 *
 * @param decideHere what the settings alone say
 */
export async function limitClients(
  clients: readonly Client[],
  decideHere: (request: AccessRequest) => AccessDecision | undefined,
): Promise<void> {
  const share = timeSlice.share("many peers");
  share.begin(performance.now());
  for (const client of clients) {
    const { asked, path } = client.admission;
    const decision = decideHere({ ...asked, isAgain: true });
    const isSame = decision?.kind === "allow" && (decision.path ?? asked.path) === path;
    if (isSame) client.reconsider(decision);
    await share.pause();
  }
}
