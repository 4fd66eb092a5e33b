import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { WhepViewer, type WhepViewerOptions } from "../../testing/webrtc/whep_viewer.ts";
import { countingLinks, type Received } from "./counted_link.ts";

/** A viewer by WebRTC whose bytes are counted. */
export class CountedViewer implements AsyncDisposable {
  readonly viewer: WhepViewer;
  readonly #received: Readonly<Received>;

  private constructor(viewer: WhepViewer, received: Readonly<Received>) {
    this.viewer = viewer;
    this.#received = received;
  }

  /** Joins, and waits for the first packets. */
  static async join(
    gateway: Pick<GatewayProcess, "httpUrl">,
    options: WhepViewerOptions,
  ): Promise<CountedViewer> {
    const received: Received = { bytes: 0 };
    const openLink = countingLinks(received);
    const viewer = await WhepViewer.join(gateway, { ...options, openLink });
    return new CountedViewer(viewer, received);
  }

  /** Of datagrams of all kinds, so far. */
  get receivedBytes(): number {
    return this.#received.bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.viewer[Symbol.asyncDispose]();
  }
}
