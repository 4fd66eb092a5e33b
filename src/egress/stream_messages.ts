import { decodeAmf0 } from "../amf/amf0.ts";
import { AmfError } from "../amf/amf_error.ts";
import { TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_SCRIPT } from "../flv/tag.ts";
import { distance, LogState, RecordFlag } from "../stream/log_layout.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { DEFAULT_TRACKS } from "../stream/track_selection.ts";
import { amfToJson } from "./amf_json.ts";

/** Bytes of a message of a publisher that is passed on; what is larger is left out. */
const MAX_MESSAGE_BYTES = 16 * 1024;

/** Messages that are looked at in one go: of a publisher that says more, the rest is left out. */
const MAX_MESSAGES = 32;

const METADATA = "onMetaData";

/** What viewers are told beside pictures and sound. */
export interface StreamMessage {
  /** What must come, in its order; or what is of its moment, and late of no use. */
  readonly kind: "event" | "cue";
  /** JSON. */
  readonly text: string;
}

/**
 * Reads what a stream's publisher says beside pictures and sound, from now on, and whether it is
 * there: each once, as JSON for all who listen.
 */
export class StreamMessages {
  readonly #log: LogReader;
  #position: number;
  #isActive: boolean;

  constructor(log: LogReader) {
    this.#log = log;
    this.#position = log.head;
    this.#isActive = log.state === LogState.live;
  }

  /** What who begins to listen must know: whether the stream is active, and its metadata. */
  current(): StreamMessage[] {
    const state = this.#stateMessage();
    const script = this.#log.preamble(DEFAULT_TRACKS)?.tags.find(({ type }) => type === TAG_SCRIPT);
    const metadata = script && messageOf(script.body, this.#log.lastTimestampMs);
    return metadata === undefined ? [state] : [state, metadata];
  }

  /** What is new. */
  read(): StreamMessage[] {
    const messages: StreamMessage[] = [];
    let looked = 0;
    const isActive = this.#log.state === LogState.live;
    if (isActive !== this.#isActive) {
      this.#isActive = isActive;
      messages.push(this.#stateMessage());
    }
    const { head, tail } = this.#log;
    if (distance(this.#position, tail) > 0) this.#position = tail;
    for (; distance(this.#position, head) > 0; this.#position = this.#position + 1 | 0) {
      if ((this.#log.flagsOf(this.#position) & RecordFlag.script) === 0) continue;
      const message = looked++ < MAX_MESSAGES ? this.#messageAt(this.#position) : undefined;
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  #stateMessage(): StreamMessage {
    return eventMessage("state", { state: this.#isActive ? "active" : "inactive" });
  }

  #messageAt(sequence: number): StreamMessage | undefined {
    const log = this.#log;
    const length = log.lengthOf(sequence);
    const timestampMs = log.timestampMsOf(sequence);
    if (length < TAG_OVERHEAD || length > MAX_MESSAGE_BYTES + TAG_OVERHEAD) return undefined;
    const record = new Uint8Array(length);
    if (!log.copy(sequence, record, 0, length)) return undefined;
    const end = length - (TAG_OVERHEAD - TAG_HEADER_SIZE);
    return messageOf(record.subarray(TAG_HEADER_SIZE, end), timestampMs);
  }
}

/** A message of this server about a viewer or its stream. */
export function eventMessage(
  type: string,
  facts: Readonly<Record<string, unknown>>,
): StreamMessage {
  return { kind: "event", text: JSON.stringify({ type, ...facts }) };
}

/** @param body of a script tag; what is no AMF0, or becomes too large, is no message */
function messageOf(body: Uint8Array, timestampMs: number): StreamMessage | undefined {
  if (body.length > MAX_MESSAGE_BYTES) return undefined;
  try {
    const [name, ...values] = decodeAmf0(body);
    if (typeof name !== "string") return undefined;
    const json = amfToJson(values, MAX_MESSAGE_BYTES);
    if (json === undefined) return undefined;
    const message: StreamMessage = name === METADATA
      ? eventMessage("metadata", { metadata: json[0] ?? null })
      : {
        kind: "cue",
        text: JSON.stringify({ type: "data", name, timeMs: timestampMs >>> 0, values: json }),
      };
    return message.text.length > MAX_MESSAGE_BYTES ? undefined : message;
  } catch (error) {
    if (error instanceof AmfError) return undefined;
    throw error;
  }
}
