/// <reference lib="deno.worker" />
/**
 * A worker whose viewers fill a link: they take what they are sent, and look at nothing. Says so when
 * all are connected.
 */
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

/** What its name tells, as JSON. */
export interface FillerOrder {
  /** Of the gateway, without a path. */
  readonly origin: string;
  /** Of the stream. */
  readonly path: string;
  readonly count: number;
}

const order: FillerOrder = JSON.parse(self.name);
const gateway = { httpUrl: (path: string) => `${order.origin}${path}` };
const viewers: WhepViewer[] = [];
while (viewers.length < order.count) {
  const viewer = await WhepViewer.open(gateway, { path: order.path, loses: () => true });
  await until("a viewer is connected", () => viewer.isConnected);
  viewers.push(viewer);
}
self.postMessage("connected");
