/** What changes, by its name: see docs/api.md. */
export const API_EVENTS = [
  "stream-began",
  "stream-changed",
  "stream-ended",
  "client-came",
  "client-left",
  "kicked",
  "reloaded",
  "log-level",
  "draining",
  "shard-lost",
  "shard-started",
  "certificate",
  "skipped",
] as const;
export type ApiEventName = (typeof API_EVENTS)[number];

/** Groups of them, which may be followed by themselves: by how their names begin. */
export const EVENT_GROUPS = ["streams", "clients", "server"] as const;
export type EventGroup = (typeof EVENT_GROUPS)[number];

/** Something that has changed. */
export interface ApiEvent {
  readonly name: ApiEventName;
  /** JSON of one line, with the time in `at`. */
  readonly data: string;
}

/** Events that are kept for those who come back, and for those who are slow. */
export const KEPT_EVENTS = 1000;

/** An event of now. */
export function apiEvent(
  name: ApiEventName,
  nowMs: number,
  facts: Readonly<Record<string, unknown>>,
): ApiEvent {
  return { name, data: JSON.stringify({ at: nowMs, ...facts }) };
}

/** Which group an event is of. */
export function groupOf(name: ApiEventName): EventGroup {
  if (name.startsWith("stream-")) return "streams";
  return name.startsWith("client-") ? "clients" : "server";
}
