/** What tests of publishers by WHIP have in common. */
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import type { WhipSender } from "../../testing/webrtc/whip_sender.ts";

export const PATH = "live/microphone";

/** werift's timers, which repeat flights, outlive a session by some seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** A test of real publishers. */
export function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `WHIP: ${name}`, ...WERIFT, fn });
}

/** Sends sound until something is so. */
export async function soundUntil(
  sender: WhipSender,
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const ticker = setInterval(() => sender.sendSound(1), 20);
  try {
    await until(what, isSo);
  } finally {
    clearInterval(ticker);
  }
}

/** Whether the sound is there for viewers. */
export async function isLive(gateway: GatewayProcess): Promise<boolean> {
  const stream = await gateway.stream(PATH);
  return stream?.state === "live" && stream.audio?.codec === "Opus";
}

/** The sum of a metric, over the series that have `labels`. */
export async function metric(gateway: GatewayProcess, name: string, labels = ""): Promise<number> {
  const text = await (await fetch(gateway.httpUrl("/metrics"))).text();
  const lines = text.split("\n").filter((line) =>
    line.startsWith(name) && line.includes(labels) && !line.startsWith("#")
  );
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
