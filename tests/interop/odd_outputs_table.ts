/**
 * Publishes what odd publishers send, and prints what comes out of each output, as a table in
 * Markdown: `deno task odd`.
 */
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { H264_CASES, H265_CASES, type OddCase, SOUND_CASES } from "./odd_cases.ts";
import { ODD_OUTPUT_ARGS, type OutputReport, OUTPUTS, watchOutputs } from "./odd_outputs.ts";

const CASES: readonly OddCase[] = [...H264_CASES, ...H265_CASES, ...SOUND_CASES];

/** Published side by side: each takes its time, and little of the machine. */
const AT_ONCE = 4;

if (import.meta.main) {
  await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
  printRow(["Case", ...OUTPUTS]);
  printRow(["---", ...OUTPUTS.map(() => "---")]);
  for (let at = 0; at < CASES.length; at += AT_ONCE) {
    const rows = CASES.slice(at, at + AT_ONCE).map((odd, index) => {
      return rowOf(gateway, odd, `live/${at + index}`);
    });
    for (const row of await Promise.all(rows)) printRow(row);
  }
}

async function rowOf(gateway: GatewayProcess, odd: OddCase, path: string): Promise<string[]> {
  const { name, recording, joinAfterMs = 0, peer = "ffmpeg", outputs = OUTPUTS } = odd;
  const reports = await watchOutputs(gateway, await recording(), { path, joinAfterMs, peer });
  const cells = reports.map((report) => outputs.includes(report.output) ? cellOf(report) : "–");
  return [name, ...cells];
}

function cellOf({ pictures, soundS, problems: [first] }: OutputReport): string {
  const came = `${pictures} pictures, ${soundS.toFixed(1)} s`;
  return first === undefined ? came : `${came}: ${first.slice(0, 80).replaceAll("|", "/")}`;
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}
