import { DependencyDescriptors } from "./dependency_descriptor.ts";
import type { LayerIds } from "./depacketizer.ts";
import { extensionElement, type ReceivedPacket } from "./received_packet.ts";

/** Frames that have left and can be referred to. A power of two. */
const MAX_KNOWN = 1024;

/** Frames of one picture: a spatial layer each, of which there are up to four (A.8.3.2). */
const MAX_FRAMES = 8;

const START_OF_FRAME = 0x80;
const FRAME_NUMBERS = 0x1_0000;

/** What a picture is to those that left before it. */
export interface PictureDependency {
  /** Whether all that it refers to has left. */
  readonly isDecodable: boolean;
  /** Of its first frame. */
  readonly layers: LayerIds;
  /** Of its frames, 16 bits. */
  readonly numbers: readonly number[];
  readonly isKeyFrame: boolean;
  /** Whether no other refers to any of its frames. */
  readonly isUnreferenced: boolean;
  /** Whether pictures of higher layers behind it refer to none of them before it. */
  readonly canSwitchBehind: boolean;
}

/**
 * Tells by the dependency descriptors of a source which of its pictures can be decoded although others
 * are lost: those of lower temporal layers do not refer to higher ones.
 */
export class FrameDependencies {
  readonly #extensionId: number;
  readonly #descriptors = new DependencyDescriptors();
  /** By the low bits of the frame's number; -1 for none. */
  readonly #left = new Int32Array(MAX_KNOWN).fill(-1);

  /** @param extensionId number of the extension that descriptors come in */
  constructor(extensionId: number) {
    this.#extensionId = extensionId;
  }

  /**
   * What a picture depends on; `undefined` if its packets do not say so, or say it of more than
   * {@linkcode MAX_FRAMES} frames. Pictures are to be asked about in their order.
   */
  of(packets: Iterable<ReceivedPacket>): PictureDependency | undefined {
    const numbers: number[] = [];
    let layers: LayerIds | undefined;
    let isDecodable = true;
    let isKeyFrame = false;
    let isUnreferenced = true;
    let canSwitchBehind = true;
    for (const packet of packets) {
      const element = extensionElement(packet, this.#extensionId);
      // Only the first packet of a frame may bring a structure, and all of them say the same.
      if (element === undefined || ((element[0] ?? 0) & START_OF_FRAME) === 0) continue;
      if (numbers.length === MAX_FRAMES) return undefined;
      const facts = this.#descriptors.read(element);
      if (facts === undefined) return undefined;
      const { frameNumber, distances } = facts;
      layers ??= facts.layers;
      isKeyFrame ||= facts.hasStructure;
      isUnreferenced &&= facts.isDiscardable;
      canSwitchBehind &&= facts.isSwitch;
      isDecodable &&= distances.every((distance) => {
        const number = (frameNumber - distance + FRAME_NUMBERS) % FRAME_NUMBERS;
        return this.#hasLeft(number) || numbers.includes(number);
      });
      numbers.push(frameNumber);
    }
    if (layers === undefined) return undefined;
    return { isDecodable, layers, numbers, isKeyFrame, isUnreferenced, canSwitchBehind };
  }

  /** The picture leaves: others can refer to it. With a key frame, nothing before it counts. */
  note({ numbers, isKeyFrame }: PictureDependency): void {
    if (isKeyFrame) this.#left.fill(-1);
    for (const number of numbers) this.#left[number & (MAX_KNOWN - 1)] = number;
  }

  #hasLeft(number: number): boolean {
    return this.#left[number & (MAX_KNOWN - 1)] === number;
  }
}
