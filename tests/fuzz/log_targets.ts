import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import { type FeedForm, FLV_FORM } from "../../src/stream/feed_form.ts";
import { LogArena, type SharedLog } from "../../src/stream/log_arena.ts";
import { RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogStore } from "../../src/stream/log_store.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { MemoryHolding } from "../../src/stream/memory_holding.ts";
import { StreamError } from "../../src/stream/stream_error.ts";
import { NoError } from "../../testing/malformed.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { openMemory } from "../shard/open_memory.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const LOGS = 3;
const VIEWERS = 3;
const SEGMENT_BYTES = 256;
const LOG_BYTES = 24 * SEGMENT_BYTES;
/** Not enough for all logs: they take segments from each other, by way of the arena. */
const ARENA_BYTES = 60 * SEGMENT_BYTES;

/** What an input is a list of, two bytes each: what is done, and how much of it. */
const Op = { append: 0, appendKeyFrame: 1, read: 2, update: 3, overtake: 4, reopen: 5, slot: 6 };
const OPS = Object.keys(Op).length;

/** Inputs of the same kind as what mutation makes of them. */
const SAMPLES = [1, 2, 3, 4].map((seed) => {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: 600 }, () => random() * 256);
});

/** Logs that share their memory, and viewers of each, in any order of what they do. */
export const LOG_TARGETS: readonly FuzzTarget[] = [{
  name: "log-and-cursor",
  corpus: SAMPLES,
  allowed: NoError,
  run: (bytes) => {
    const store = new LogStore(LogArena.allocate({
      bytes: ARENA_BYTES,
      maxLogs: 2 * LOGS,
      maxLogBytes: LOG_BYTES,
      segmentBytes: SEGMENT_BYTES,
    }));
    const streams = Array.from({ length: LOGS }, (_, at) => new FuzzedStream(store, at));
    for (let at = 0; at + 1 < bytes.length; at += 2) {
      const [what, amount] = [bytes[at]!, bytes[at + 1]!];
      streams[(what >> 5) % LOGS]!.do((what & 31) % OPS, amount, streams);
    }
    for (const stream of streams) stream.close();
    if (store.arena.usedBytes > 0) throw new Error(`${store.arena.usedBytes} bytes are lost`);
  },
}];

/** A log whose bodies are filled with numbers that no other has, and its viewers. */
class FuzzedStream {
  readonly #store: LogStore;
  readonly #number: number;
  readonly #memory = openMemory(128 * 1024);
  #log!: SharedLog;
  #writer!: LogWriter;
  #feed!: Feed;
  #viewers: { readonly cursor: Cursor; readonly flv: FlvReader }[] = [];
  #timestampMs = 0;
  #isOpen = false;
  /** What happens while a record is being copied. */
  #meanwhile: (() => void) | undefined;

  constructor(store: LogStore, number: number) {
    this.#store = store;
    this.#number = number;
    this.#open();
  }

  do(op: number, amount: number, all: readonly FuzzedStream[]): void {
    if (!this.#isOpen) return this.#open();
    try {
      this.#do(op, amount, all);
    } catch (error) {
      // Other streams have all of it: this one goes on when there is memory again.
      if (!(error instanceof StreamError)) throw error;
    }
  }

  #do(op: number, amount: number, all: readonly FuzzedStream[]): void {
    switch (op) {
      case Op.append:
      case Op.appendKeyFrame:
        return this.#append(amount, op === Op.appendKeyFrame);
      case Op.read:
        return this.#read(amount);
      case Op.update:
        return this.#feed.update();
      case Op.overtake:
        // Its own writer or another's may write over what is being copied.
        this.#meanwhile = () => {
          for (let more = amount >> 4; more >= 0; more--) {
            all[amount % LOGS]!.do((more ^ amount) & 1, amount ^ more, all);
          }
        };
        return this.#feed.update();
      case Op.reopen:
        // A reader that was not told of it goes on with what another stream's is now.
        if ((amount & 1) !== 0) this.#meanwhile = () => this.close();
        this.#feed.update();
        this.close();
        return this.#open();
      case Op.slot:
        return this.#writer.writeSlot(Slot.metadata, new Uint8Array(amount * 20));
    }
  }

  /** A body of up to half of the log, some of which cross several pages. */
  #append(amount: number, isKeyFrame: boolean): void {
    const size = Math.min(1 + amount ** 2 / 20, this.#writer.maxBodySize);
    const body = new Uint8Array(size).fill(this.#number + LOGS * (amount % 80));
    const flags = RecordFlag.video | (isKeyFrame ? RecordFlag.keyFrame : 0);
    const timestampMs = this.#timestampMs += amount % 50;
    this.#writer.append({ type: TAG_VIDEO, timestampMs, body, flags });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#feed.close();
    this.#store.close(this.#log);
  }

  #open(): void {
    const log = this.#store.open({ maxBytes: LOG_BYTES });
    if (typeof log === "string") return;
    this.#isOpen = true;
    this.#log = log;
    this.#writer = new LogWriter(log, { windowMs: 400 });
    this.#writer.setTracks(Track.video, true);
    const held = new MemoryHolding(this.#memory, "copies");
    this.#feed = new Feed(new LogReader(log), { audio: true, video: true }, this.#form(), {
      memory: held,
    });
    this.#viewers = Array.from({ length: VIEWERS }, () => ({
      cursor: new Cursor(this.#feed),
      flv: new FlvReader({ strict: true }),
    }));
  }

  #read(amount: number): void {
    const { cursor, flv } = this.#viewers[amount % VIEWERS]!;
    for (let pieces = amount >> 4; pieces >= 0; pieces--) {
      const piece = cursor.next();
      if (piece === undefined) return;
      flv.push(piece);
    }
    for (let record = next(flv); record !== undefined; record = next(flv)) {
      if (record.kind !== "tag" || record.type !== TAG_VIDEO) continue;
      const [first = this.#number] = record.body;
      const isOwn = first % LOGS === this.#number && record.body.every((byte) => byte === first);
      if (!isOwn) throw new Error(`A viewer of log ${this.#number} got what is not of it`);
    }
  }

  /** Tags as they are, copied in two steps. */
  #form(): FeedForm {
    return {
      ...FLV_FORM,
      write: (log, { sequence, tagLength }, target, offset) => {
        const half = tagLength >> 1;
        log.copyPart(sequence, 0, half, target, offset);
        const meanwhile = this.#meanwhile;
        this.#meanwhile = undefined;
        meanwhile?.();
        log.copyPart(sequence, half, tagLength - half, target, offset + half);
      },
    };
  }
}

/** What viewers get is read strictly, and what is wrong with it is an exception of its own. */
function next(flv: FlvReader): ReturnType<FlvReader["next"]> {
  try {
    return flv.next();
  } catch (error) {
    throw new Error("Viewers got what is no FLV", { cause: error });
  }
}
