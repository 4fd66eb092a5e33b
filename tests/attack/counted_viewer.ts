import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { openLink } from "../../testing/webrtc/whep_link.ts";
import { WhepViewer, type WhepViewerOptions } from "../../testing/webrtc/whep_viewer.ts";

/** A viewer by WebRTC whose bytes are counted. */
export class CountedViewer implements AsyncDisposable {
  readonly viewer: WhepViewer;
  readonly #received: { readonly bytes: number };

  private constructor(viewer: WhepViewer, received: { readonly bytes: number }) {
    this.viewer = viewer;
    this.#received = received;
  }

  /** Joins, and waits for the first packets. */
  static async join(
    gateway: Pick<GatewayProcess, "httpUrl">,
    options: WhepViewerOptions,
  ): Promise<CountedViewer> {
    const received = { bytes: 0 };
    const viewer = await WhepViewer.join(gateway, {
      ...options,
      openLink: async (candidate) => {
        const link = await openLink(candidate);
        return {
          server: link.server,
          send: (datagram) => link.send(datagram),
          close: () => link.close(),
          receive: (take) =>
            link.receive((datagram) => {
              received.bytes += datagram.length;
              take(datagram);
            }),
        };
      },
    });
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
