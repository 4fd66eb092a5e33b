import { keyFrameSize, type PictureSize } from "../codec/picture_size.ts";
import type { LayerPicture } from "./layer_picture.ts";
import { PictureTrack } from "./picture_track.ts";
import type { ReceivedMessage } from "./received_message.ts";

/**
 * Layers begin at about the same time, the small ones first. For so long the first pictures wait for
 * the others' sizes; so many of them wait at most, and so many of their bytes: more than a key frame
 * of each layer has.
 */
const BEGINNING_MS = 150;
const MAX_BEGINNING_PICTURES = 64;
const MAX_BEGINNING_BYTES = 2 * 1024 * 1024;

/**
 * A layer of which nothing has come for so long, while others go on, has paused: a picture that is
 * late, or large, comes sooner. One with few pictures a second has so many times between them.
 */
const PAUSED_MS = 250;
const PAUSED_FRAMES = 5;
const MAX_PAUSED_MS = 2000;

/** When nothing has come for longer than this, it is the link that was dead, and no layer that paused. */
const MAX_PASSED_MS = 100;

/** Until it is known how far a layer's pictures are apart, and what one picture more says of that. */
const ASSUMED_FRAME_MS = 33;
const FRAME_WEIGHT = 1 / 8;
const MAX_FRAME_MS = 1000;

/** What tracks need of a layer. */
export interface TrackedLayer {
  /** When anything of a picture came last; -Infinity if nothing has. */
  readonly picturesHeardAtMs: number;
  /** A key frame is needed, unless one comes before it can be asked for. */
  wantKeyFrame(nowMs: number): void;
}

/** What is known of a layer. */
interface KnownLayer<L extends TrackedLayer> {
  readonly layer: L;
  /** Of its newest key frame; `undefined` before the first. */
  size: PictureSize | undefined;
  newestMs: number;
  frameMs: number;
  /** When it was heard last, and for how long others have come since, and it has not. */
  heardAtMs: number;
  missedMs: number;
}

interface HeldPicture<L extends TrackedLayer> {
  readonly known: KnownLayer<L>;
  readonly picture: LayerPicture;
}

/** What a layer is to the tracks, as APIs show it. */
export interface LayerPlace {
  readonly width: number | null;
  readonly height: number | null;
  /** Whether it has been sent, and is not any more while others are. */
  readonly isPaused: boolean;
  /** The numbers of the tracks that have its pictures. */
  readonly tracks: readonly number[];
}

/**
 * The layers of one picture (simulcast, RFC 8853) as tracks of a stream, in order of size: the first
 * track has the largest, in whichever order they were offered.
 *
 * Publishers stop to send layers, the largest first, when their link or processor is too slow. The
 * track of one that has paused goes on with the next smaller one that comes, or else the next larger.
 * Such changes, and those when layers turn out to be larger than others, take place at key frames,
 * which are asked for at once; until then a track keeps what it has.
 *
 * @example
 * ```ts ignore
 * const tracks = new LayerTracks([half, full], 0);
 * for (const message of tracks.take(full, picture, nowMs)) session.take(message, nowMs);
 * ```
 */
export class LayerTracks<L extends TrackedLayer> {
  readonly #layers: KnownLayer<L>[];
  readonly #firstTrackId: number;
  readonly #tracks: PictureTrack[] = [];
  /** Those that have been seen, the largest first: each has a track. */
  #order: readonly KnownLayer<L>[] = [];
  /** Pictures that wait until the sizes of all layers are known; `undefined` when they have. */
  #beginning: HeldPicture<L>[] | undefined;
  #beginningBytes = 0;
  #begunAtMs: number | undefined;
  /** When the newest picture of any has come. */
  #newestAtMs = -Infinity;

  /**
   * @param layers in the order in which they were offered
   * @param firstTrackId the number of the first track
   */
  constructor(layers: readonly L[], firstTrackId: number) {
    this.#layers = layers.map(newlyKnown);
    this.#firstTrackId = firstTrackId;
    if (layers.length > 1) this.#beginning = [];
  }

  /** When {@linkcode release} has something to do. */
  get dueMs(): number {
    return this.#beginning === undefined ? Infinity : (this.#begunAtMs ?? Infinity) + BEGINNING_MS;
  }

  /** Another layer, of which nobody knew before its first picture came, gets a track as well. */
  add(layer: L): void {
    if (!this.#layers.some((known) => known.layer === layer)) this.#layers.push(newlyKnown(layer));
  }

  /** What a picture of a layer becomes, and those that have waited for it. */
  *take(layer: L, picture: LayerPicture, nowMs: number): Generator<ReceivedMessage> {
    const known = this.#layers.find((one) => one.layer === layer)!;
    this.#note(known, picture);
    if (this.#layers.length > 1) this.#noteHeard(known, nowMs);
    const beginning = this.#beginning;
    if (beginning === undefined) {
      yield* this.#pass({ known, picture });
      return this.#askForKeyFrames(nowMs);
    }
    this.#begunAtMs ??= nowMs;
    beginning.push({ known, picture });
    this.#beginningBytes += picture.unit.data.length;
    const isComplete = this.#layers.every(({ size }) => size !== undefined);
    const isFull = beginning.length === MAX_BEGINNING_PICTURES ||
      this.#beginningBytes >= MAX_BEGINNING_BYTES;
    if (isComplete || isFull) yield* this.#begin(nowMs);
  }

  /** Those that wait for layers which have not come in time. */
  *release(nowMs: number): Generator<ReceivedMessage> {
    if (nowMs >= this.dueMs) yield* this.#begin(nowMs);
  }

  /**
   * Somebody needs key frames.
   *
   * @param trackIds the tracks that they are needed of; by default all
   */
  wantKeyFrames(nowMs: number, trackIds?: readonly number[]): void {
    if (this.#order.length === 0) {
      for (const { layer } of this.#layers) layer.wantKeyFrame(nowMs);
    }
    for (const at of this.#order.keys()) {
      if (trackIds?.includes(this.#firstTrackId + at) === false) continue;
      this.#layerFor(at).layer.wantKeyFrame(nowMs);
    }
  }

  /** What a layer is to the tracks at the moment. */
  placeOf(layer: L): LayerPlace {
    const known = this.#layers.find((one) => one.layer === layer)!;
    const tracks = [...this.#tracks.keys()].filter((at) => this.#tracks[at]!.layer === known);
    return {
      width: known.size?.width ?? null,
      height: known.size?.height ?? null,
      isPaused: known.size !== undefined && this.#isPaused(known),
      tracks: tracks.map((at) => this.#firstTrackId + at),
    };
  }

  *#begin(nowMs: number): Generator<ReceivedMessage> {
    const beginning = this.#beginning ?? [];
    this.#beginning = undefined;
    // The first track is that of viewers who ask for none if it is there when the first picture comes.
    for (const known of this.#order) {
      for (const held of beginning) if (held.known === known) yield* this.#pass(held);
    }
    this.#askForKeyFrames(nowMs);
  }

  #note(known: KnownLayer<L>, { codec, unit, shownMs }: LayerPicture): void {
    const passedMs = shownMs - known.newestMs;
    if (passedMs > 0 && known.newestMs > -Infinity) {
      known.frameMs += (Math.min(passedMs, MAX_FRAME_MS) - known.frameMs) * FRAME_WEIGHT;
    }
    known.newestMs = Math.max(known.newestMs, shownMs);
    if (!unit.isKeyFrame) return;
    const size = keyFrameSize(codec, unit.data) ?? known.size ?? { width: 0, height: 0 };
    known.size = size;
    const seen = this.#layers.filter((one) => one.size !== undefined);
    this.#order = seen.toSorted((one, other) => pixelsOf(other.size) - pixelsOf(one.size));
    while (this.#tracks.length < this.#order.length) {
      this.#tracks.push(new PictureTrack(this.#firstTrackId + this.#tracks.length));
    }
  }

  /** Sees which of the others are missed. */
  #noteHeard(heard: KnownLayer<L>, nowMs: number): void {
    const passedMs = Math.min(nowMs - this.#newestAtMs, MAX_PASSED_MS);
    this.#newestAtMs = nowMs;
    for (const known of this.#layers) {
      const { picturesHeardAtMs } = known.layer;
      if (known === heard || picturesHeardAtMs > known.heardAtMs) {
        known.heardAtMs = picturesHeardAtMs;
        known.missedMs = 0;
      } else known.missedMs += picturesHeardAtMs === -Infinity ? Infinity : passedMs;
    }
  }

  *#pass({ known, picture }: HeldPicture<L>): Generator<ReceivedMessage> {
    for (const [at, track] of this.#tracks.entries()) {
      const isToBegin = picture.unit.isKeyFrame && this.#layerFor(at) === known;
      if (track.layer === known || isToBegin) yield* track.messages(known, picture);
    }
  }

  /** Of layers that tracks are to have, and have not yet. */
  #askForKeyFrames(nowMs: number): void {
    for (const [at, track] of this.#tracks.entries()) {
      const wanted = this.#layerFor(at);
      if (track.layer !== wanted) wanted.layer.wantKeyFrame(nowMs);
    }
  }

  /** The layer that a track is to have. */
  #layerFor(at: number): KnownLayer<L> {
    const own = this.#order[at]!;
    if (!this.#isPaused(own)) return own;
    const smaller = this.#order.slice(at + 1);
    const larger = this.#order.slice(0, at).reverse();
    return [...smaller, ...larger].find((known) => !this.#isPaused(known)) ?? own;
  }

  #isPaused({ missedMs, frameMs }: KnownLayer<L>): boolean {
    const patienceMs = Math.min(MAX_PAUSED_MS, Math.max(PAUSED_MS, PAUSED_FRAMES * frameMs));
    return missedMs > patienceMs;
  }
}

function newlyKnown<L extends TrackedLayer>(layer: L): KnownLayer<L> {
  return {
    layer,
    size: undefined,
    newestMs: -Infinity,
    frameMs: ASSUMED_FRAME_MS,
    heardAtMs: -Infinity,
    missedMs: 0,
  };
}

function pixelsOf(size: PictureSize | undefined): number {
  return size === undefined ? 0 : size.width * size.height;
}
