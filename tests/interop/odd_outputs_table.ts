/**
 * Publishes what odd publishers send, and prints what comes out of each output, as a table in
 * Markdown: `deno task odd`.
 */
import { startGateway } from "../gateway_process.ts";
import { H264_CASES, H265_CASES, type OddCase } from "./odd_cases.ts";
import { ODD_OUTPUT_ARGS, type OutputReport, OUTPUTS, watchOutputs } from "./odd_outputs.ts";

/** Cases of more than video are to be added here. */
const CASES: readonly OddCase[] = [...H264_CASES, ...H265_CASES];

if (import.meta.main) {
  await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
  printRow(["Case", ...OUTPUTS]);
  printRow(["---", ...OUTPUTS.map(() => "---")]);
  for (const [index, odd] of CASES.entries()) {
    const { name, recording, joinAfterMs = 0, peer = "ffmpeg", outputs = OUTPUTS } = odd;
    const options = { path: `live/${index}`, joinAfterMs, peer };
    const reports = await watchOutputs(gateway, await recording(), options);
    printRow([
      name,
      ...reports.map((report) => outputs.includes(report.output) ? cell(report) : "–"),
    ]);
  }
}

function cell({ pictures, soundS, problems }: OutputReport): string {
  const [first] = problems;
  const came = `${pictures} pictures, ${soundS.toFixed(1)} s`;
  return first === undefined ? came : `${came}: ${first.slice(0, 80).replaceAll("|", "/")}`;
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}
