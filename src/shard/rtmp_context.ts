import type { ServerSession } from "../rtmp/server_session.ts";
import type { MemoryBudget } from "../stream/memory_budget.ts";
import type { ControlLink } from "./control_link.ts";
import type { Counters } from "./counters.ts";
import type { ShardSettings } from "./messages.ts";
import type { RtmpOutput } from "./rtmp_output.ts";
import type { Streams } from "./streams.ts";

/** What a connection needs of its shard. */
export interface RtmpContext {
  readonly settings: ShardSettings;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly memory: MemoryBudget;
}

/** What those need who publish and play over a connection. */
export interface RtmpLink extends RtmpContext {
  readonly session: ServerSession;
  readonly output: RtmpOutput;
  /**
   * Has the session say something to the peer that is no answer to what it has just sent, and sends
   * it. A peer that takes so little that this cannot be kept loses its connection.
   */
  readonly say: (words: (session: ServerSession) => void) => void;
  /** Whose share of the memory the peer's counts to. */
  readonly holder: number;
  /** Address and port of the peer, for logs. */
  readonly peer: string;
}
