import { readAac } from "./aac_source.ts";

const FOLDER = new URL("../fixtures/", import.meta.url);

/**
 * Notes of eight harmonics with bursts of noise, 44.1 kHz, two channels: LC of ffmpeg at 96 kbit/s,
 * 2 s; the others 3 s, by `fdkaac -p 5 -b 40000 -G 0` and `-p 29 -b 28000 -G 0`, whose encoder is
 * not on most machines.
 */
export const AAC_LC = read("aac_lc.flv");
export const AAC_HE_V1 = read("aac_he_v1.flv");
export const AAC_HE_V2 = read("aac_he_v2.flv");

function read(name: string) {
  return readAac(Deno.readFileSync(new URL(name, FOLDER)));
}
