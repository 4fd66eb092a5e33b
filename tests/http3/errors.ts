import { assertThrows } from "@std/assert";
import { Http3Error } from "../../src/http3/http3_error.ts";

/** The code that `run` fails with; anything but an {@linkcode Http3Error} is rethrown. */
export function codeOf(run: () => unknown): number {
  return assertThrows(run, Http3Error).code;
}
