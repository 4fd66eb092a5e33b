import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { delay } from "../../testing/waiting.ts";
import { CountedViewer } from "./counted_viewer.ts";
import { Liar, LIES } from "./liar.ts";

const LIE_INTERVAL_MS = 20;

/**
 * Viewers lie about their links, each in a way of its own; how many times as many bytes each is sent as
 * one that tells nothing.
 */
export async function lieAboutLinks(
  gateway: Pick<GatewayProcess, "httpUrl">,
  path: string,
  seconds: number,
): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack();
  const join = async () => stack.use(await CountedViewer.join(gateway, { path }));
  // Over TCP, which finds out by itself what its link carries.
  const plain = stack.use(await CountedViewer.join(gateway, { path, transport: "tcp" }));
  const viewers = await Promise.all(Object.keys(LIES).map(join));
  const all = [plain, ...viewers];
  const before = all.map(({ receivedBytes }) => receivedBytes);
  await lieFor(seconds, viewers);
  const [stream, ...sent] = all.map(({ receivedBytes }, at) => receivedBytes - before[at]!);
  return Object.fromEntries(Object.keys(LIES).map((lie, at) => [lie, sent[at]! / stream!]));
}

async function lieFor(seconds: number, viewers: readonly CountedViewer[]): Promise<void> {
  const lies = Object.values(LIES);
  const liars = viewers.map(({ viewer }) => new Liar(viewer));
  const endMs = performance.now() + seconds * 1000;
  for (let round = 0; performance.now() < endMs; round++) {
    for (const [at, liar] of liars.entries()) lies[at]!(liar, round);
    await delay(LIE_INTERVAL_MS);
  }
}
