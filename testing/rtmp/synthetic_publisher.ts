import type { AmfValue } from "../../src/amf/amf_value.ts";
import { splitPath } from "../../src/stream/stream_path.ts";
import { ClientMessages, publisherPreamble } from "./client.ts";
import { delay } from "../waiting.ts";
import {
  AUDIO_CONFIGURATION,
  audioFrame,
  MIN_VIDEO_SIZE,
  VIDEO_CONFIGURATION,
  videoFrame,
} from "../media/self_describing.ts";

/** Sound that is published; by default AAC that describes itself, and is none to a decoder. */
export interface SyntheticAudio {
  /** Body of the tag that comes first. */
  readonly configuration: Uint8Array;
  /** Body of the tag beside picture `sequence`. */
  readonly frame: (sequence: number, timestampMs: number) => Uint8Array;
}

/** A track beside the default ones, its messages with its number. */
export interface SyntheticTrack extends SyntheticAudio {
  readonly kind: "audio" | "video";
}

export interface SyntheticOptions {
  /** "live/name" */
  readonly path: string;
  readonly bitrateBps?: number;
  readonly frameRate?: number;
  /** Frames from key frame to key frame. */
  readonly groupFrames?: number;
  /** How far sizes of frames differ from their mean: 0.5 makes them half to one and a half. */
  readonly sizeSpread?: number;
  /** Number of the first frame, which is a key frame: for going on where another publisher ended. */
  readonly firstSequence?: number;
  readonly audio?: SyntheticAudio;
  /** A frame of each goes with every picture. */
  readonly tracks?: readonly SyntheticTrack[];
}

const AUDIO_FRAME_SIZE = 160;

const SELF_DESCRIBING_AUDIO: SyntheticAudio = {
  configuration: AUDIO_CONFIGURATION,
  frame: (sequence, timestampMs) => audioFrame({ sequence, timestampMs }, AUDIO_FRAME_SIZE),
};

/** What all writes of one turn may take together when a publisher is late. */
const MAX_FRAMES_AT_ONCE = 20;

/** Publishes self-describing frames, in real time or as fast as the gateway reads. */
export class SyntheticPublisher implements AsyncDisposable {
  readonly #conn: Deno.TcpConn;
  readonly #port: number;
  readonly #messages = new ClientMessages(1 << 16);
  readonly #options: Required<SyntheticOptions>;
  readonly #reading: Promise<void>;
  #running: Promise<void> | undefined;
  #isStopping = false;
  #sequence = 0;
  /** Why the connection ended, once it did. */
  end: "by the server" | "by us" | undefined;

  private constructor(conn: Deno.TcpConn, options: SyntheticOptions) {
    this.#conn = conn;
    this.#port = conn.localAddr.port;
    this.#options = {
      bitrateBps: 1_000_000,
      frameRate: 50,
      groupFrames: 25,
      sizeSpread: 0,
      firstSequence: 0,
      audio: SELF_DESCRIBING_AUDIO,
      tracks: [],
      ...options,
    };
    this.#sequence = this.#options.firstSequence;
    this.#reading = this.#readReplies();
  }

  /** Connects, and sends all up to the configurations. */
  static async connect(rtmpPort: number, options: SyntheticOptions): Promise<SyntheticPublisher> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort });
    conn.setNoDelay();
    const publisher = new SyntheticPublisher(conn, options);
    const { app, name } = splitPath(options.path);
    const messages = publisher.#messages;
    await publisher.#write(publisherPreamble({ app, name, messages, chunkSize: 60_000 }));
    messages.video(0, VIDEO_CONFIGURATION).audio(0, publisher.#options.audio.configuration);
    for (const track of publisher.#options.tracks) messages[track.kind](0, track.configuration);
    await publisher.#write(messages.take());
    return publisher;
  }

  /** Its end of the connection, by which the gateway knows it. */
  get port(): number {
    return this.#port;
  }

  /** Number of the frame to come. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Timestamp of the newest frame. */
  get timestampMs(): number {
    return this.#timestampOf(this.#sequence - 1);
  }

  /** Says something beside pictures and sound, with the next frame. */
  say(...values: readonly AmfValue[]): void {
    this.#messages.data(Math.max(0, this.timestampMs), ...values);
  }

  /** Sends one frame, with its audio. */
  async frame(): Promise<void> {
    this.#collectFrame();
    await this.#write(this.#messages.take());
  }

  /** Publishes in real time until it is disposed of. */
  run(): this {
    this.#running = this.#runInTime();
    return this;
  }

  /** Publishes `count` frames as fast as the gateway takes them. */
  async runAtFullSpeed(count: number, framesAtOnce = 4): Promise<void> {
    for (let sent = 0; sent < count; sent += framesAtOnce) {
      for (let frame = 0; frame < framesAtOnce; frame++) this.#collectFrame();
      await this.#write(this.#messages.take());
    }
  }

  /** Ends the connection without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    this.end ??= "by us";
    try {
      this.#conn.close();
    } catch {
      // The server has closed it.
    }
    await this.#running;
    await this.#reading;
  }

  async #runInTime(): Promise<void> {
    const startedMs = performance.now() - this.#timestampOf(this.#sequence);
    while (this.end === undefined) {
      const nowMs = performance.now() - startedMs;
      let frames = 0;
      while (this.#timestampOf(this.#sequence) <= nowMs && frames++ < MAX_FRAMES_AT_ONCE) {
        this.#collectFrame();
      }
      if (frames > 0) await this.#write(this.#messages.take());
      await delay(Math.max(1, this.#timestampOf(this.#sequence) - nowMs));
    }
  }

  #timestampOf(sequence: number): number {
    return Math.round(sequence * 1000 / this.#options.frameRate);
  }

  #collectFrame(): void {
    const { groupFrames, bitrateBps, frameRate, sizeSpread, firstSequence } = this.#options;
    const { audio, tracks } = this.#options;
    const sequence = this.#sequence++;
    const timestampMs = this.#timestampOf(sequence);
    const meanSize = bitrateBps / 8 / frameRate - AUDIO_FRAME_SIZE;
    // A fixed irregular pattern: the golden ratio's multiples spread evenly over 0 to 1.
    const spread = 1 + sizeSpread * (2 * ((sequence * 0.618034) % 1) - 1);
    const size = Math.max(MIN_VIDEO_SIZE, Math.round(meanSize * spread));
    const isKeyFrame = (sequence - firstSequence) % groupFrames === 0;
    this.#messages.video(timestampMs, videoFrame({ sequence, timestampMs, isKeyFrame }, size));
    this.#messages.audio(timestampMs, audio.frame(sequence, timestampMs));
    for (const { kind, frame } of tracks) {
      this.#messages[kind](timestampMs, frame(sequence, timestampMs));
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      let left = bytes;
      while (left.length > 0) left = left.subarray(await this.#conn.write(left));
    } catch (error) {
      if (!this.#isStopping && this.end === undefined) this.end = "by the server";
      if (this.#running === undefined && !this.#isStopping) throw error;
    }
  }

  async #readReplies(): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      while (await this.#conn.read(buffer) !== null);
    } catch {
      // Reset, or closed by us: `end` tells.
    }
    this.end ??= "by the server";
  }
}
