import { decodeAmf0, encodeAmf0 } from "../../amf/amf0.ts";
import { AmfError } from "../../amf/amf_error.ts";
import type { AmfValue } from "../../amf/amf_value.ts";
import { RtmpError } from "../rtmp_error.ts";

/** A remote procedure call or its answer (RTMP 7.2). */
export interface Command {
  readonly name: string;
  /** Pairs an answer with its call; 0 asks for none. */
  readonly transactionId: number;
  /** What follows: the command object first, which most commands leave null. */
  readonly args: readonly AmfValue[];
}

/**
 * The command in the AMF0 payload of a command message. Nothing is borrowed.
 *
 * @throws {RtmpError} if it is not AMF0, or does not start with a name. A missing transaction id
 * is taken as 0.
 */
export function decodeCommand(payload: Uint8Array): Command {
  const [name, transactionId, ...args] = readCommand(payload);
  if (typeof name !== "string") {
    throw new RtmpError(`Cannot read command: its name must be a string, got ${typeof name}`);
  }
  return { name, transactionId: typeof transactionId === "number" ? transactionId : 0, args };
}

/** An argument that should be a text: empty if it is missing or anything else. */
export function textArgument({ args }: Command, index: number): string {
  const value = args[index];
  return typeof value === "string" ? value : "";
}

/** The AMF0 payload of a command message; the caller owns it. */
export function encodeCommand({ name, transactionId, args }: Command): Uint8Array<ArrayBuffer> {
  return encodeAmf0(name, transactionId, ...args);
}

/** The values of `payload`; gives AMF errors this room's class. */
function readCommand(payload: Uint8Array): AmfValue[] {
  try {
    return decodeAmf0(payload);
  } catch (error) {
    if (!(error instanceof AmfError)) throw error;
    throw new RtmpError(`Cannot read command: ${error.message}`, { cause: error });
  }
}
