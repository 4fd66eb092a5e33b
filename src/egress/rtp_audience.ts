import type { TrackSelection } from "../stream/track_selection.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { RtpFeed } from "./rtp_feed.ts";
import type { StreamClock } from "./stream_clock.ts";
import { type StreamMessage, StreamMessages } from "./stream_messages.ts";

/** A viewer that is told when there is something new for it. */
export interface RtpSubscriber {
  /** Whether it is sent pictures, of the codec that they had when it came. */
  readonly hasVideo: boolean;
  /** Whether it wants pictures, and is sent none because there were none when it came. */
  readonly lacksVideo: boolean;
  /** The feed has new packets. */
  notify(): void;
  /** The stream is another one than it came for: it ends, and is to come again. */
  renew(reason: string): void;
  /** The stream is over, or must not be shown any more. */
  end(reason: string): void;
}

/** Who is told what the publisher says beside pictures and sound. */
export interface MessageListener {
  hear(message: StreamMessage): void;
}

/** The WebRTC viewers of some tracks of a stream on one shard, and what they are sent. */
export class RtpAudience {
  readonly feed: RtpFeed;
  readonly #subscribers = new Set<RtpSubscriber>();
  /** Those that lack pictures, with the packets of pictures that there were when they came. */
  readonly #lackingVideo = new Map<RtpSubscriber, number>();
  #videoCodec: string | undefined;
  /** Packets of pictures that there were when they were told last. */
  #toldHead = -1;
  readonly #log: LogReader;
  readonly #listeners = new Set<MessageListener>();
  /** There as long as somebody listens. */
  #messages: StreamMessages | undefined;

  /**
   * @param clock of the stream on this shard
   * @param maxPayloadSize bytes of the payload of a packet, at most
   */
  constructor(
    log: LogReader,
    clock: StreamClock,
    maxPayloadSize: number,
    selection?: TrackSelection,
  ) {
    this.#log = log;
    this.feed = new RtpFeed(log, clock, maxPayloadSize, selection);
  }

  get size(): number {
    return this.#subscribers.size;
  }

  add(subscriber: RtpSubscriber): void {
    this.#subscribers.add(subscriber);
    if (subscriber.lacksVideo) this.#lackingVideo.set(subscriber, this.feed.video.ring.head);
  }

  /** Tells it from now on what is new; returns what is now. */
  listen(listener: MessageListener): StreamMessage[] {
    this.#messages ??= new StreamMessages(this.#log);
    this.#listeners.add(listener);
    return this.#messages.current();
  }

  unlisten(listener: MessageListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#messages = undefined;
  }

  remove(subscriber: RtpSubscriber): void {
    this.#subscribers.delete(subscriber);
    this.#lackingVideo.delete(subscriber);
  }

  /** One of the logs has been flushed. */
  notify(nowMs: number): void {
    this.feed.update(nowMs);
    this.#endIfCodecChanged();
    this.#endIfPicturesCome();
    this.#passTurn(this.feed.video.ring.head);
    for (const subscriber of this.#subscribers) subscriber.notify();
    for (const message of this.#messages?.read() ?? []) {
      for (const listener of this.#listeners) listener.hear(message);
    }
  }

  end(reason: string): void {
    for (const subscriber of [...this.#subscribers]) subscriber.end(reason);
    this.#subscribers.clear();
    this.#lackingVideo.clear();
  }

  /**
   * Whoever is told last of a picture waits for the packets of all others, which may fill its link: it is
   * another one with each.
   */
  #passTurn(head: number): void {
    if (head === this.#toldHead) return;
    this.#toldHead = head;
    const [first] = this.#subscribers;
    if (first === undefined) return;
    this.#subscribers.delete(first);
    this.#subscribers.add(first);
  }

  /** WHEP cannot renegotiate: viewers have to come again for pictures where there were none. */
  #endIfPicturesCome(): void {
    if (this.#lackingVideo.size === 0) return;
    const { head } = this.feed.video.ring;
    for (const [subscriber, headThen] of [...this.#lackingVideo]) {
      if (head === headThen) continue;
      this.remove(subscriber);
      subscriber.renew("the stream has pictures now, and had none before");
    }
  }

  /** Likewise for pictures of another codec. */
  #endIfCodecChanged(): void {
    const { codec } = this.feed.video;
    const before = this.#videoCodec;
    this.#videoCodec = codec;
    if (before === undefined || codec === before) return;
    for (const subscriber of [...this.#subscribers]) {
      if (!subscriber.hasVideo) continue;
      subscriber.renew(`the stream's pictures are ${codec} now and were ${before} before`);
      this.#subscribers.delete(subscriber);
    }
  }
}
