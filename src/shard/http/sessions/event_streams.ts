import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import { SESSION_EVENTS, type SessionEventName } from "./session_facts.ts";

/** A session's page needs one, and one more while it connects again. */
const MAX_EVENT_STREAMS = 4;

const ID_BYTES = 16;

/** The streams of events that the viewer of one session has asked for, each by an unguessable id. */
export class EventStreams {
  readonly #byId = new Map<string, ReadonlySet<SessionEventName>>();

  /**
   * A new one.
   *
   * @param body what its viewer wants: a JSON list of names, or nothing for all
   * @returns its id: whoever has it may follow, as browsers send nothing else along
   * @throws {HttpError} with status 400 for events that there are not, 429 if there are many
   */
  create(body: Uint8Array): string {
    const wanted = wantedEvents(body);
    if (this.#byId.size >= MAX_EVENT_STREAMS) {
      throw new HttpError(
        STATUS_CODE.TooManyRequests,
        `Cannot create an event stream: the session may have ${MAX_EVENT_STREAMS}`,
      );
    }
    const id = crypto.getRandomValues(new Uint8Array(ID_BYTES)).toHex();
    this.#byId.set(id, wanted);
    return id;
  }

  /** What is wanted there; `undefined` if there is none. */
  wanted(id: string): ReadonlySet<SessionEventName> | undefined {
    return this.#byId.get(id);
  }

  /** Whether there was one. */
  remove(id: string): boolean {
    return this.#byId.delete(id);
  }
}

function wantedEvents(body: Uint8Array): ReadonlySet<SessionEventName> {
  if (body.length === 0) return new Set(SESSION_EVENTS);
  const names = jsonOf(body);
  if (Array.isArray(names) && names.every(isEventName)) return new Set(names);
  throw new HttpError(
    STATUS_CODE.BadRequest,
    `Cannot create an event stream: the body must be a JSON list of ${SESSION_EVENTS.join(", ")}`,
  );
}

/** `undefined` if it is none. */
function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isEventName(name: unknown): name is SessionEventName {
  return SESSION_EVENTS.some((known) => known === name);
}
