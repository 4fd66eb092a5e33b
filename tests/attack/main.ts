/**
 * `deno task attack`: all attacks, and what became of others meanwhile.
 *
 * - `--seconds N` is how long each part lasts (20)
 * - `--only TEXT` takes those whose name has it
 * - `--allowance N` multiplies the bars: on a machine that is not quiet (1)
 */
import { parseArgs } from "node:util";
import type { Attack, Finding } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { runAttack } from "./run_attack.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    allowance: { type: "string", default: "1" },
  },
});
const seconds = numberOf("seconds", 600);
const allowance = numberOf("allowance", 100);

function numberOf(name: "seconds" | "allowance", max: number): number {
  const value = Number(values[name]);
  if (value >= 1 && value <= max) return value;
  console.error(`attack: --${name} must be 1 to ${max}, got ${values[name]}`);
  Deno.exit(1);
}

/** An attack that fails as a whole, such as one that ends the gateway, is one broken figure. */
async function findingsOf(attack: Attack): Promise<readonly Finding[]> {
  try {
    return await runAttack(attack, { seconds });
  } catch (error) {
    console.error(`attack: ${attack.name}:`, error);
    return [{ what: "did not end as it should", value: 1, bar: 0 }];
  }
}

let broken = 0;
console.log(`${seconds} s each\n`);
console.log("| Attack | Measured | Value | Bar | |\n| --- | --- | --- | --- | --- |");
for (const attack of ATTACKS.filter(({ name }) => name.includes(values.only))) {
  for (const { what, value, bar } of await findingsOf(attack)) {
    const isHeld = bar === undefined || value <= bar * allowance;
    if (!isHeld) broken++;
    const verdict = bar === undefined ? "" : isHeld ? "held" : "**broken**";
    console.log(`| ${attack.name} | ${what} | ${value} | ${bar ?? ""} | ${verdict} |`);
  }
}
if (broken > 0) {
  console.error(`attack: ${broken} figures are over their bars`);
  Deno.exit(1);
}
