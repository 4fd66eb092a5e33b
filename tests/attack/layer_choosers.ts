import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

/** Viewers that choose. */
export const CHOOSERS = 8;

/** Viewers choose another layer as fast as they are answered; how often, and what the answers were. */
export async function chooseLayers(
  gateway: Pick<GatewayProcess, "httpUrl">,
  path: string,
  seconds: number,
): Promise<{ taken: number; refused: number; others: number }> {
  await using stack = new AsyncDisposableStack();
  const viewers = await Promise.all(Array.from({ length: CHOOSERS }, async () => {
    return stack.use(await WhepViewer.join(gateway, { path }));
  }));
  await until("the layers are known", async () => await choose(viewers[0]!, 2) === 200);
  const counts = { taken: 0, refused: 0, others: 0 };
  const endMs = performance.now() + seconds * 1000;
  await Promise.all(viewers.map(async (viewer) => {
    for (let at = 0; performance.now() < endMs; at++) {
      const status = await choose(viewer, at % 3);
      counts[status === 200 ? "taken" : status === 429 ? "refused" : "others"]++;
    }
  }));
  return counts;
}

/** The status of the answer. */
async function choose({ resource }: WhepViewer, rid: number): Promise<number> {
  const body = JSON.stringify({ rid: `${rid}` });
  const response = await fetch(`${resource}/layer`, { method: "POST", body });
  await response.body?.cancel();
  return response.status;
}
