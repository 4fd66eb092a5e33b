import { startGateway } from "../../testing/gateway_process.ts";
import { assertHeld, type Attack, type AttackOptions, type Finding } from "./attack.ts";

/** Starts the program that an attack is for, and runs it. */
export async function runAttack(
  attack: Attack,
  options: AttackOptions,
): Promise<readonly Finding[]> {
  await using gateway = await startGateway(attack.gateway);
  return await attack.run(gateway, options);
}

/** How long an attack lasts in a test. */
const TEST_SECONDS = 3;

/** An attack as a test: short, with bounds five times its bars. */
export function testAttack(attack: Attack, seconds = TEST_SECONDS): void {
  Deno.test(`attack: ${attack.name}`, async () => {
    assertHeld(attack, await runAttack(attack, { seconds }));
  });
}
