import type { AudienceEvents } from "../../src/egress/feed_audience.ts";
import type { ControlLink } from "../../src/shard/control_link.ts";
import type { LiveStreamOptions } from "../../src/shard/live/live_stream.ts";
import { Streams } from "../../src/shard/live/streams.ts";
import type { MemoryBudget } from "../../src/stream/memory_budget.ts";
import { openMemory } from "./open_memory.ts";

/** What is new is delivered at once. */
export function streamOptions(memory: MemoryBudget = openMemory()): LiveStreamOptions {
  return { flushMs: 0, rtmpFlushMs: 0, maxPayloadSize: 1200, windowMs: 10_000, memory };
}

/** Nobody counts. */
export const NO_EVENTS: AudienceEvents = { jumped() {}, starved() {} };

/** The streams of a shard. */
export function testStreams(control: ControlLink, memory?: MemoryBudget): Streams {
  return new Streams(control, streamOptions(memory), NO_EVENTS);
}
