import { shortSubject } from "../../access/subject_name.ts";
import type { Client } from "./clients.ts";
import type { RevokedCount } from "./revoked_count.ts";

type Count = { -readonly [Member in keyof RevokedCount]: RevokedCount[Member] };

/** Those whom names are for, counted: so a name that is for nobody is seen. */
export class RevokedCounts {
  /** In the order of the names. */
  readonly #counts: readonly Count[];
  /** By what they came with, whatever lets them in later. */
  readonly #found = new Map<Client, readonly Count[]>();

  /**
   * @param revoke subjects, whole ("key camera-1") or their ids alone ("camera-1")
   * @param clients all who are here
   */
  constructor(revoke: readonly string[], clients: readonly Client[]) {
    this.#counts = revoke.map((name) => ({ name, found: 0, ended: 0, waiting: 0 }));
    // One may be named twice: as the log has it, and in full.
    const bySubject = Map.groupBy(this.#counts, ({ name }) => shortSubject(name));
    for (const client of clients) {
      const counts = namesOf(client).flatMap((name) => bySubject.get(name) ?? []);
      if (counts.length > 0) this.#add(client, counts);
    }
  }

  /** A copy, as things stand. */
  get list(): readonly RevokedCount[] {
    return this.#counts.map((count) => ({ ...count }));
  }

  /** Those whom at least one name is for. */
  get clients(): Iterable<Client> {
    return this.#found.keys();
  }

  /** Whether a name is for it. */
  has(client: Client): boolean {
    return this.#found.has(client);
  }

  /** It is decided whether a client goes on; nothing if no name is for it. */
  decided(client: Client, goesOn: boolean): void {
    for (const count of this.#found.get(client) ?? []) {
      count.waiting -= 1;
      if (!goesOn) count.ended += 1;
    }
  }

  #add(client: Client, counts: readonly Count[]): void {
    this.#found.set(client, counts);
    for (const count of counts) {
      count.found += 1;
      count.waiting += 1;
    }
  }
}

/** What a client may be named by. */
function namesOf({ admission: { allowed: { subject, user } } }: Client): readonly string[] {
  const whole = [subject, user].filter((name) => name !== undefined);
  const alone = whole.map((name) => name.slice(name.indexOf(" ") + 1));
  return [...new Set([...whole, ...alone])];
}
