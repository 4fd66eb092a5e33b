import type { Access } from "../../access/access.ts";
import type { Admission, Client } from "./clients.ts";

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
 * Asks again about clients that were let in, and ends those that would be kept out now. Where nobody
 * can say, only those end that are named.
 */
export async function recheckClients(
  clients: readonly Client[],
  access: Access,
  { revoke, recheck }: RecheckOptions,
): Promise<void> {
  const revoked = new Set(revoke);
  const asked: [Client, Admission, boolean][] = [];
  for (const client of clients) {
    const { admission } = client;
    if (admission === undefined) continue;
    const isNamed = isAmong(revoked, admission.allowed.subject);
    if (isNamed || recheck) asked.push([client, admission, isNamed]);
  }
  // All take from one list, so that none waits for the slowest of a batch.
  const rest = asked.values();
  await Promise.all(Array.from({ length: MAX_ASKED }, async () => {
    for (const [client, admission, isNamed] of rest) await askAgain(client, admission, isNamed);
  }));

  async function askAgain(client: Client, { asked }: Admission, isNamed: boolean): Promise<void> {
    const deciding = access.decide(asked);
    const decision = deciding instanceof Promise ? await deciding : deciding;
    if (decision.kind === "allow") return;
    if (decision.status === "unavailable" && !isNamed) return;
    client.end("it may not any more");
  }
}

function isAmong(revoked: ReadonlySet<string>, subject: string | undefined): boolean {
  if (subject === undefined) return false;
  return revoked.has(subject) || revoked.has(subject.slice(subject.indexOf(" ") + 1));
}
