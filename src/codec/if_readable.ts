import { CodecError } from "./codec_error.ts";

/** What `read` returns; `undefined` rather than an error if only we cannot read it. */
export function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
