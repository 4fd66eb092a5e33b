import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../gateway_process.ts";
import { isPeerMissing } from "../peers.ts";
import { H264_CASES, H265_CASES } from "./odd_cases.ts";
import { ODD_OUTPUT_ARGS, OUTPUTS, watchOutputs } from "./odd_outputs.ts";

const NAME = "odd pictures come out of each output as they should be";

/** Published in fours: each takes its time, and little of the machine. */
const AT_ONCE = 4;

Deno.test({ name: NAME, ignore: isPeerMissing(NAME, ["ffmpeg"]) }, async (t) => {
  await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
  const cases = [...H264_CASES, ...H265_CASES];
  for (let at = 0; at < cases.length; at += AT_ONCE) {
    const watched = cases.slice(at, at + AT_ONCE).map(async (odd, index) => {
      const { recording, joinAfterMs = 0, peer = "ffmpeg" } = odd;
      const path = `live/${at + index}`;
      const options = { path, joinAfterMs, peer };
      return { odd, reports: await watchOutputs(gateway, await recording(), options) };
    });
    for (const { odd, reports } of await Promise.all(watched)) {
      const { name, pictures, soundS, outputs = OUTPUTS } = odd;
      await t.step(name, () => {
        for (const report of reports.filter(({ output }) => outputs.includes(output))) {
          const { output, problems } = report;
          assertEquals([output, problems], [output, []]);
          assert(report.pictures >= pictures, `${output}: ${report.pictures} pictures`);
          assert(report.soundS >= soundS, `${output}: ${report.soundS} s of sound`);
        }
      });
    }
  }
});
