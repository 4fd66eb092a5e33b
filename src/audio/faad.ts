import { decoder } from "@audio/decode-aac";
import { AudioError } from "./audio_error.ts";

/**
 * FAAD2 in WebAssembly, as `@audio/decode-aac` holds it (GPL-2.0). Its public class copies each
 * frame three times, is made asynchronously and does not tell an error from a withheld frame, so
 * this house calls what lies below. All decoders of a thread share one memory.
 */
export interface Faad {
  /** Views of the memory: replaced when it grows, so read them anew after each call. */
  readonly HEAPU8: Uint8Array;
  readonly HEAPF32: Float32Array;
  getValue(address: number, type: "i32" | "i8"): number;
  _malloc(size: number): number;
  _free(address: number): void;
  _aac_create(): number;
  /** Takes an AudioSpecificConfig; negative if it is refused. */
  _aac_init2(
    decoder: number,
    configuration: number,
    size: number,
    sampleRateAddress: number,
    channelsAddress: number,
  ): number;
  /** Where the interleaved samples of an access unit lie; 0 if there are none. */
  _aac_decode(decoder: number, accessUnit: number, size: number): number;
  /** Samples of the last access unit, of all channels together. */
  _aac_samples(): number;
  _aac_channels(): number;
  _aac_samplerate(): number;
  /** Of the last access unit; 0 is none. */
  _aac_error(): number;
  _aac_close(decoder: number): void;
  _aac_sr_ptr(): number;
  _aac_ch_ptr(): number;
}

const FUNCTIONS = [
  "getValue",
  "_malloc",
  "_free",
  "_aac_create",
  "_aac_init2",
  "_aac_decode",
  "_aac_samples",
  "_aac_channels",
  "_aac_samplerate",
  "_aac_error",
  "_aac_close",
  "_aac_sr_ptr",
  "_aac_ch_ptr",
] as const;

/**
 * Loads FAAD2, once for this thread.
 *
 * @throws {AudioError} if the package is not of the version that this was written for.
 */
export async function loadFaad(): Promise<Faad> {
  const holder = await decoder() as unknown as { readonly m?: Partial<Faad> };
  const faad = holder.m;
  const missing = FUNCTIONS.filter((name) => typeof faad?.[name] !== "function");
  if (faad === undefined || missing.length > 0) {
    throw new AudioError(`Cannot load FAAD2: must have ${missing.join(", ")}, got none`);
  }
  return faad as Faad;
}
