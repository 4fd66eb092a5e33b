import type { GatewayOptions, GatewayProcess } from "../../testing/gateway_process.ts";

/** One figure of an attack, beside what it may be. */
export interface Finding {
  /** What was measured, unit included: "healthz p99, ms". */
  readonly what: string;
  readonly value: number;
  /** What it may be at most on a quiet machine; `undefined` where it is only told. */
  readonly bar?: number;
}

/** How hard an attack goes. */
export interface AttackOptions {
  /** How long each part of it lasts. */
  readonly seconds: number;
}

/**
 * Something a peer does to harm others, at the real program. `tests/resilience` runs each for a few
 * seconds and asserts five times its bars ({@linkcode assertHeld}); `deno task attack` runs all of
 * them longer, and prints the figures beside the bars.
 */
export interface Attack {
  /** In a few words: "1-byte sound messages at full speed". */
  readonly name: string;
  /** What the gateway is started with. */
  readonly gateway?: GatewayOptions;
  readonly run: (gateway: GatewayProcess, options: AttackOptions) => Promise<readonly Finding[]>;
}

/** Bars are for a quiet machine; tests share theirs with others. */
const TEST_ALLOWANCE = 5;

/**
 * Fails for findings over five times their bar; a bar of 0 is a promise that nothing is lost, and
 * holds as it is.
 */
export function assertHeld(attack: Attack, findings: readonly Finding[]): void {
  const broken = findings.filter(({ value, bar }) =>
    bar !== undefined && !(value <= bar * TEST_ALLOWANCE)
  );
  if (broken.length === 0) return;
  const texts = broken.map(({ what, value, bar }) => `${what}: ${value}, may be ${bar} (times 5)`);
  throw new Error(`${attack.name}: ${texts.join("; ")}`);
}
