/** Publishers whose sound, or the lack of it, is odd: what each output makes of it. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { ODD_OUTPUT_ARGS, type OutputReport, watchOutputs } from "./odd_outputs.ts";
import { oddRecording } from "./odd_publisher.ts";
import type { RecordedTag } from "./recording.ts";

/** What viewers are to get. */
interface Case {
  /** Of `testing/fixtures/publishers`. */
  readonly name: string;
  /** What of it is sent; all by default. */
  readonly isSent?: (tag: RecordedTag) => boolean;
  /** When they come, in the recording's time. */
  readonly joinAfterMs: number;
  /** Of an FLV response: "A" and "V". */
  readonly header: string;
  /** Seconds, at least; 0 for exactly none. */
  readonly soundS: number;
  /** At least; 0 for exactly none. */
  readonly pictures: number;
}

const CASES: readonly Case[] = [
  { name: "sound_only_after_4s", joinAfterMs: 9000, header: "A", soundS: 1.5, pictures: 0 },
  { name: "video_header_no_pictures", joinAfterMs: 2000, header: "A", soundS: 3, pictures: 0 },
  { name: "sound_from_4s", joinAfterMs: 1000, header: "V", soundS: 1.5, pictures: 120 },
  { name: "adts_no_aac_header", joinAfterMs: 1000, header: "AV", soundS: 5, pictures: 120 },
  { name: "adts_and_aac_header", joinAfterMs: 1000, header: "AV", soundS: 5, pictures: 120 },
  { name: "aac_7_1", joinAfterMs: 1000, header: "AV", soundS: 5, pictures: 120 },
  {
    name: "adts_and_aac_header",
    isSent: ({ kind }) => kind !== "audio frame",
    ...{ joinAfterMs: 1500, header: "V", soundS: 0, pictures: 120 },
  },
];

peerTest("odd sound: what each output makes of it", ["ffmpeg"], async (test) => {
  await using gateway = await startGateway({ args: ["--shards", "1", ...ODD_OUTPUT_ARGS] });
  // Side by side: each takes as long as it is.
  const outcomes = await Promise.all(
    CASES.map(async ({ name, isSent = () => true, joinAfterMs }, at) => {
      const recording = await oddRecording(name);
      const tags = recording.tags.filter(isSent);
      return await watchOutputs(gateway, { ...recording, tags }, {
        path: `live/${at}`,
        joinAfterMs,
      });
    }),
  );
  for (const [at, wanted] of CASES.entries()) {
    const what = `${wanted.name}${wanted.isSent === undefined ? "" : ", a part"}`;
    for (const report of outcomes[at]!) {
      await test.step(`${what} over ${report.output}`, () => assertAs(wanted, report));
    }
  }
});

function assertAs(
  wanted: Case,
  { output, pictures, soundS, problems, recording }: OutputReport,
): void {
  assertEquals(problems, []);
  // On a machine that is busy, it may take a while until sound is transcoded.
  const leastS = output === "WHEP" ? Math.min(wanted.soundS, 1) : wanted.soundS;
  assert(soundS >= leastS, `${soundS} s of sound`);
  if (wanted.soundS === 0) assertEquals(soundS, 0);
  if (wanted.pictures === 0) assertEquals(pictures, 0);
  else assert(pictures >= wanted.pictures, `${pictures} pictures`);
  if (recording === undefined) return;
  const header = `${recording.hasAudio ? "A" : ""}${recording.hasVideo ? "V" : ""}`;
  assertEquals(header, wanted.header);
}
