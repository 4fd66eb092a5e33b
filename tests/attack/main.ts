/** `deno task attack [--seconds N] [--only TEXT]`: all attacks, and what became of others meanwhile. */
import { parseArgs } from "node:util";
import { ATTACKS } from "./attacks.ts";
import { runAttack } from "./run_attack.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "20" },
    only: { type: "string", default: "" },
  },
});
const seconds = Number(values.seconds);
if (!(seconds >= 1 && seconds <= 600)) {
  console.error(`attack: --seconds must be 1 to 600, got ${values.seconds}`);
  Deno.exit(1);
}

let broken = 0;
console.log(
  `${seconds} s each\n\n| Attack | Measured | Value | Bar | |\n| --- | --- | --- | --- | --- |`,
);
for (const attack of ATTACKS.filter(({ name }) => name.includes(values.only))) {
  for (const { what, value, bar } of await runAttack(attack, { seconds })) {
    const isHeld = bar === undefined || value <= bar;
    if (!isHeld) broken++;
    const verdict = bar === undefined ? "" : isHeld ? "held" : "**broken**";
    console.log(`| ${attack.name} | ${what} | ${value} | ${bar ?? ""} | ${verdict} |`);
  }
}
if (broken > 0) {
  console.error(`attack: ${broken} figures are over their bars`);
  Deno.exit(1);
}
