import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { H264_CASES, H265_CASES } from "./odd_cases.ts";
import { ODD_OUTPUT_ARGS, OUTPUTS, watchOutputs } from "./odd_outputs.ts";
import { oddRecording } from "./odd_publisher.ts";
import { longForm } from "../../testing/long_form.ts";

const NAME = "odd pictures come out of each output as they should be";

/** Published in fours: each takes its time, and little of the machine. */
const AT_ONCE = 4;

const NOTHING_TO_GO_BY = "pictures without parameter sets are dropped, and the publisher is told";

Deno.test({
  name: NOTHING_TO_GO_BY,
  ignore: isPeerMissing(NOTHING_TO_GO_BY, ["ffmpeg"]),
}, async () => {
  await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
  const path = "live/none";
  const whole = await oddRecording("key_frames_tagged_inter");
  const tags = whole.tags.filter(({ kind }) => kind !== "video configuration");
  const watched = watchOutputs(gateway, { ...whole, tags }, { path });
  const { advice, skippedMessages } = await until("the publisher is told", async () => {
    const stream = await gateway.stream(path);
    return stream?.advice.length === 1 ? stream : undefined;
  });
  assertStringIncludes(advice[0]!, "without their parameter sets");
  assert(skippedMessages["no-configuration"]! >= 10);
  assertStringIncludes(gateway.output(), "live/none: video skipped, no-configuration: ");
  for (const { output, pictures, soundS } of await watched) {
    assertEquals([output, pictures], [output, 0]);
    assert(soundS > 4, `${output}: ${soundS} s of sound`);
  }
});

Deno.test({ name: NAME, ignore: isPeerMissing(NAME, ["ffmpeg"]) }, async (t) => {
  await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
  const cases = [...longForm(H264_CASES, AT_ONCE), ...longForm(H265_CASES, AT_ONCE)];
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
