import type { ToShard } from "../shard/messages.ts";
import type { SharedLog } from "../stream/log_arena.ts";

/** The least time from a failure to the next attempt. */
const RETRY_MS = 5000;

/** Makes Opus of streams: what is needed here of a `TranscoderPool`. */
export interface OpusMaker {
  /**
   * Begins to make Opus of a stream's default audio track, or another, and returns its log;
   * `undefined` if there is no memory for one.
   */
  start(streamId: number, source: SharedLog, audioTrack?: number): SharedLog | undefined;
  /** Resolves when neither of the logs is read or written there any more. */
  stop(streamId: number, audioTrack?: number): Promise<void>;
  /** Takes back a log that nobody reads any more. */
  giveBack(log: SharedLog): void;
}

/** What the directory needs besides. */
export interface OpusDirectoryOptions {
  readonly send: (shard: number, message: ToShard) => void;
  /** The log of a stream; `undefined` if there is no such stream any more. */
  readonly sourceOf: (streamId: number) => SharedLog | undefined;
  /** There is no memory for a stream's Opus; it is tried again. */
  readonly starved: (streamId: number) => void;
  /** The least time from a failure to the next attempt, by default 5 s. */
  readonly retryMs?: number;
}

/** A track's sound as Opus, from its start to the end of its last reader. */
interface Rendition {
  readonly log: SharedLog;
  /** Shards that were told of the log and have not said that they read it no more. */
  readonly readers: Set<number>;
  isWritten: boolean;
}

/** What a shard asked for, until it wants that no more. */
interface Wish {
  readonly requestId: number;
  /** What it was told of; `undefined` while it waits. */
  rendition: Rendition | undefined;
}

/** An audio track of a stream. */
interface Sound {
  readonly streamId: number;
  /** Its number; `undefined` for the default one. */
  readonly audioTrack: number | undefined;
  readonly wishes: Map<number, Wish>;
  /** What newcomers are told of. */
  current: Rendition | undefined;
  /** Set for a while after a failure. */
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Ends of transcodings that may still read the stream's log. */
  readonly stopping: Set<Promise<void>>;
}

/**
 * Which shards want which audio tracks of which streams as Opus. The first wish for one has it made,
 * the last one's end ends it, and a log is used again only when no shard reads it and no worker
 * writes it.
 */
export class OpusDirectory {
  readonly #maker: OpusMaker;
  readonly #options: Required<OpusDirectoryOptions>;
  /** By {@linkcode soundKey}. */
  readonly #sounds = new Map<string, Sound>();

  constructor(maker: OpusMaker, options: OpusDirectoryOptions) {
    this.#maker = maker;
    this.#options = { retryMs: RETRY_MS, ...options };
  }

  /** Tracks that are being made at the moment. */
  get size(): number {
    return [...this.#sounds.values()].filter(({ current }) => current !== undefined).length;
  }

  /**
   * A shard wants a stream's sound; after a failure it waits for the next attempt.
   *
   * @param audioTrack the number of another track than the default one
   */
  wanted(streamId: number, shard: number, requestId: number, audioTrack?: number): void {
    const source = this.#options.sourceOf(streamId);
    if (source === undefined) {
      const reason = "the stream has ended";
      const answer = { kind: "opus-closed", streamId, audioTrack, requestId, reason } as const;
      return this.#options.send(shard, answer);
    }
    const sound = this.#sounds.get(soundKey(streamId, audioTrack)) ??
      this.#open(streamId, audioTrack);
    this.#drop(sound, shard);
    sound.wishes.set(shard, { requestId, rendition: undefined });
    this.#serve(sound, source);
  }

  /** A shard reads no Opus of that sound any more, and wants none. */
  unwanted(streamId: number, shard: number, audioTrack?: number): void {
    const sound = this.#sounds.get(soundKey(streamId, audioTrack));
    if (sound !== undefined) this.#unwant(sound, shard);
  }

  /** A shard reads no Opus of any track of the stream any more, and wants none. */
  released(streamId: number, shard: number): void {
    for (const sound of this.#soundsOf(streamId)) this.#unwant(sound, shard);
  }

  /** A shard has died, and its wishes with it. */
  shardLost(shard: number): void {
    for (const sound of [...this.#sounds.values()]) this.#unwant(sound, shard);
  }

  /**
   * The stream is over: its Opus ends.
   *
   * @returns resolved when no worker reads the stream's log any more; `undefined` if none does now
   */
  streamClosed(streamId: number): Promise<void> | undefined {
    const stopping: Promise<void>[] = [];
    for (const sound of this.#soundsOf(streamId)) {
      clearTimeout(sound.retryTimer);
      sound.retryTimer = undefined;
      this.#stop(sound);
      this.#tellEnd(sound, () => true, "the stream has ended");
      stopping.push(...sound.stopping);
      this.#forgetIfOver(sound);
    }
    return stopping.length === 0 ? undefined : Promise.all(stopping).then(() => {});
  }

  /** The maker gave a stream up, and touches its logs no more. */
  failed(streamId: number, reason: string, audioTrack?: number): void {
    this.#onMakerEnd(this.#sounds.get(soundKey(streamId, audioTrack)), reason);
  }

  /** The maker came to the stream's end, and touches its logs no more. */
  ended(streamId: number, audioTrack?: number): void {
    this.#onMakerEnd(this.#sounds.get(soundKey(streamId, audioTrack)), "the stream has ended");
  }

  /** Forgets everything, when the maker is to be closed. */
  close(): void {
    for (const { retryTimer } of this.#sounds.values()) clearTimeout(retryTimer);
    this.#sounds.clear();
  }

  #soundsOf(streamId: number): Sound[] {
    return [...this.#sounds.values()].filter((sound) => sound.streamId === streamId);
  }

  #open(streamId: number, audioTrack: number | undefined): Sound {
    const sound: Sound = {
      streamId,
      audioTrack,
      wishes: new Map(),
      current: undefined,
      retryTimer: undefined,
      stopping: new Set(),
    };
    this.#sounds.set(soundKey(streamId, audioTrack), sound);
    return sound;
  }

  #unwant(sound: Sound, shard: number): void {
    this.#drop(sound, shard);
    this.#stopUnlessWanted(sound);
    this.#forgetIfOver(sound);
  }

  /** Tells all that wait of the log; starts it if that is due. */
  #serve(sound: Sound, source: SharedLog): void {
    if (sound.retryTimer !== undefined) return;
    const { streamId, audioTrack } = sound;
    const rendition = sound.current ?? this.#start(sound, source);
    if (rendition === undefined) return;
    for (const [shard, wish] of sound.wishes) {
      if (wish.rendition !== undefined) continue;
      wish.rendition = rendition;
      rendition.readers.add(shard);
      const { requestId } = wish;
      const { log } = rendition;
      this.#options.send(shard, { kind: "opus-opened", streamId, audioTrack, requestId, log });
    }
  }

  /** Begins to make it, or tries again later if there is no memory. */
  #start(sound: Sound, source: SharedLog): Rendition | undefined {
    const log = this.#maker.start(sound.streamId, source, sound.audioTrack);
    if (log === undefined) {
      sound.retryTimer = setTimeout(() => this.#retry(sound), this.#options.retryMs);
      this.#options.starved(sound.streamId);
      return undefined;
    }
    sound.current = { log, readers: new Set(), isWritten: true };
    return sound.current;
  }

  #drop(sound: Sound, shard: number): void {
    const rendition = sound.wishes.get(shard)?.rendition;
    sound.wishes.delete(shard);
    if (rendition === undefined) return;
    rendition.readers.delete(shard);
    this.#giveBackIfFree(rendition);
  }

  #stopUnlessWanted(sound: Sound): void {
    if (sound.current?.readers.size === 0) this.#stop(sound);
  }

  #stop(sound: Sound): void {
    const rendition = sound.current;
    if (rendition === undefined) return;
    sound.current = undefined;
    const stopped = this.#maker.stop(sound.streamId, sound.audioTrack).then(() => {
      sound.stopping.delete(stopped);
      rendition.isWritten = false;
      this.#giveBackIfFree(rendition);
      this.#forgetIfOver(sound);
    });
    sound.stopping.add(stopped);
  }

  #onMakerEnd(sound: Sound | undefined, reason: string): void {
    const rendition = sound?.current;
    if (sound === undefined || rendition === undefined) return;
    sound.current = undefined;
    rendition.isWritten = false;
    sound.retryTimer = setTimeout(() => this.#retry(sound), this.#options.retryMs);
    this.#tellEnd(sound, (wish) => wish.rendition === rendition, reason);
    this.#giveBackIfFree(rendition);
  }

  #retry(sound: Sound): void {
    sound.retryTimer = undefined;
    const source = this.#options.sourceOf(sound.streamId);
    const isAwaited = [...sound.wishes.values()].some(({ rendition }) => rendition === undefined);
    if (source !== undefined && isAwaited) this.#serve(sound, source);
    this.#forgetIfOver(sound);
  }

  #tellEnd(sound: Sound, isMeant: (wish: Wish) => boolean, reason: string): void {
    const { streamId, audioTrack, wishes } = sound;
    for (const [shard, wish] of wishes) {
      if (!isMeant(wish)) continue;
      const { requestId } = wish;
      this.#options.send(shard, { kind: "opus-closed", streamId, audioTrack, requestId, reason });
    }
  }

  #giveBackIfFree({ log, readers, isWritten }: Rendition): void {
    if (!isWritten && readers.size === 0) this.#maker.giveBack(log);
  }

  #forgetIfOver(sound: Sound): void {
    const { streamId, audioTrack, wishes, current, retryTimer, stopping } = sound;
    const isOver = wishes.size === 0 && stopping.size === 0 &&
      current === undefined && retryTimer === undefined;
    if (isOver) this.#sounds.delete(soundKey(streamId, audioTrack));
  }
}

function soundKey(streamId: number, audioTrack: number | undefined): string {
  return `${streamId} ${audioTrack}`;
}
