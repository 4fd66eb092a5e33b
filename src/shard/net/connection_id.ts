/** Six digits of base 36: two thousand million numbers. */
const COUNT = 36 ** 6;

/**
 * Begins with the time, so that a shard that is started again, or the process, uses none of the
 * numbers that its log has already: nobody accepts a thousand connections each second.
 */
let next = Date.now() % COUNT;

let prefix = "";

/** Ids of this thread begin with the number of its shard from now on. */
export function setConnectionIdPrefix(shard: number): void {
  prefix = `${shard}-`;
}

/** A name for a connection, short, and no other's: "0-k3x9q2". It says nothing to anybody else. */
export function nextConnectionId(): string {
  next = (next + 1) % COUNT;
  return `${prefix}${next.toString(36).padStart(6, "0")}`;
}
