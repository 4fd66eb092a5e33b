import { AmfError } from "./amf_error.ts";

/** Values within values. Real commands and metadata need 3; each level costs a stack frame. */
export const MAX_AMF_DEPTH = 32;

/**
 * Values in one body, at all depths. A value can be one byte long and costs some fifty in memory,
 * so the size of the body alone does not bound it. Key frame tables in metadata stay below.
 */
export const MAX_AMF_VALUES = 10_000;

/**
 * Characters of a property or class name: far beyond any real one. They are counted as UTF-16 does
 * it, since bytes that are no UTF-8 grow threefold when they are written again; a name must fit its
 * 16-bit length then, and be read again.
 */
export const MAX_AMF_NAME_LENGTH = 4096;

/**
 * Characters of texts and bytes of binary values in the AMF3 values of one body, each counted as
 * often as references repeat it: as much as the largest RTMP message can hold without any.
 */
export const MAX_AMF3_CONTENT_SIZE = 1 << 24;

/**
 * What the values of one body may still spend.
 *
 * References of AMF3 repeat whole values in a byte or two; whoever walks the values does the work
 * again each time. So what is referred to is counted as if it were written there again, which
 * bounds every walk, whatever the references look like.
 */
export class AmfBudget {
  #values = 0;
  #contentSize = 0;
  #hasCycle = false;
  #hasRepeatedName = false;

  /** Values counted so far. */
  get values(): number {
    return this.#values;
  }

  /** Characters and bytes counted so far. */
  get contentSize(): number {
    return this.#contentSize;
  }

  /**
   * Counts a value at `depth`.
   *
   * @throws {AmfError} beyond {@linkcode MAX_AMF_DEPTH} or {@linkcode MAX_AMF_VALUES}.
   */
  countValue(depth: number): void {
    this.checkDepth(depth);
    this.countValues(1);
  }

  /** @throws {AmfError} beyond {@linkcode MAX_AMF_DEPTH}. */
  checkDepth(depth: number): void {
    if (depth > MAX_AMF_DEPTH) {
      throw new AmfError(`Cannot read AMF value: depth must be up to ${MAX_AMF_DEPTH}`);
    }
  }

  /** @throws {AmfError} beyond {@linkcode MAX_AMF_VALUES} in all. */
  countValues(count: number): void {
    this.#values += count;
    if (this.#values > MAX_AMF_VALUES) {
      throw new AmfError(`Cannot read AMF body: must hold up to ${MAX_AMF_VALUES} values`);
    }
  }

  /** @throws {AmfError} beyond {@linkcode MAX_AMF3_CONTENT_SIZE} in all. */
  countContent(size: number): void {
    this.#contentSize += size;
    if (this.#contentSize > MAX_AMF3_CONTENT_SIZE) {
      throw new AmfError(
        `Cannot read AMF3 body: texts and binary values must be up to ${MAX_AMF3_CONTENT_SIZE}` +
          ` characters and bytes with all that references repeat, got ${this.#contentSize}`,
      );
    }
  }

  /** Notes a value that holds itself. @throws {AmfError} as {@linkcode noteRepeatedName}. */
  noteCycle(): void {
    this.#hasCycle = true;
    this.#checkCycles();
  }

  /**
   * Notes a property written twice, whose first value is dropped.
   *
   * @throws {AmfError} if a value in the body holds itself, for it could be the one that is dropped
   * while parts of it that refer to it stay.
   */
  noteRepeatedName(): void {
    this.#hasRepeatedName = true;
    this.#checkCycles();
  }

  #checkCycles(): void {
    if (this.#hasCycle && this.#hasRepeatedName) {
      throw new AmfError(
        "Cannot read AMF3 body: no value may hold itself if a property is written twice",
      );
    }
  }
}

/** @throws {AmfError} if `name` is longer than {@linkcode MAX_AMF_NAME_LENGTH}. */
export function checkNameLength(name: string): void {
  if (name.length > MAX_AMF_NAME_LENGTH) {
    throw new AmfError(
      `Cannot read AMF name: must be up to ${MAX_AMF_NAME_LENGTH} characters, got ${name.length}`,
    );
  }
}
