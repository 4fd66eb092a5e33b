import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const VIEWERS = 4;

/** As many as a session may have. */
const STREAMS_OF_EACH = 4;

/** Viewers follow the events of their sessions and leave at once; how often they could. */
export async function followEvents(
  gateway: Pick<GatewayProcess, "httpUrl">,
  path: string,
  seconds: number,
): Promise<{ followed: number; failures: number }> {
  await using stack = new AsyncDisposableStack();
  const viewers = await Promise.all(Array.from({ length: VIEWERS }, async () => {
    return stack.use(await WhepViewer.join(gateway, { path }));
  }));
  const counts = { followed: 0, failures: 0 };
  const endMs = performance.now() + seconds * 1000;
  await Promise.all(
    viewers.flatMap((viewer) =>
      Array.from({ length: STREAMS_OF_EACH }, async () => {
        while (performance.now() < endMs) {
          counts[await followOnce(viewer) ? "followed" : "failures"]++;
        }
      })
    ),
  );
  return counts;
}

/** Asks for a stream of events, reads the first of them, leaves, and lets go of it. */
async function followOnce({ resource }: WhepViewer): Promise<boolean> {
  const created = await fetch(`${resource}/events`, { method: "POST" });
  await created.body?.cancel();
  if (created.status !== 201) return false;
  const url = new URL(created.headers.get("location")!, created.url);
  const followed = await fetch(url);
  const reader = followed.body!.getReader();
  const { done } = await reader.read();
  await reader.cancel();
  const deleted = await fetch(url, { method: "DELETE" });
  await deleted.body?.cancel();
  return !done && deleted.status === 200;
}
