/// <reference lib="deno.worker" />
/**
 * A worker whose viewers fill a link: they take what they are sent, and look at nothing. Says so when
 * all are connected.
 */
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

/** What it is told once. */
export interface FillerOrder {
  /** Of the gateway, without a path. */
  readonly origin: string;
  /** Of the stream. */
  readonly path: string;
  readonly count: number;
}

const viewers: WhepViewer[] = [];

self.onmessage = async ({ data }: MessageEvent<FillerOrder>) => {
  const gateway = { httpUrl: (path: string) => `${data.origin}${path}` };
  while (viewers.length < data.count) {
    const viewer = await WhepViewer.open(gateway, { path: data.path, loses: () => true });
    await until("a viewer is connected", () => viewer.isConnected);
    viewers.push(viewer);
  }
  self.postMessage("connected");
};
