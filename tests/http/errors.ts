import { assertThrows } from "@std/assert";
import { HttpError } from "../../src/http/http_error.ts";

/** A character for each byte. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The status that `run` fails with; anything but an {@linkcode HttpError} is rethrown. */
export function statusOf(run: () => unknown): number {
  return assertThrows(run, HttpError).status;
}
