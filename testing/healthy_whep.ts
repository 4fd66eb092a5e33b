import { assert, assertEquals } from "@std/assert";
import type { GatewayProcess } from "./gateway_process.ts";
import { until } from "./waiting.ts";
import { type SyntheticOptions, SyntheticPublisher } from "./rtmp/synthetic_publisher.ts";
import { checkFrames, checkNoGaps } from "./webrtc/whep_reception.ts";
import { WhepViewer } from "./webrtc/whep_viewer.ts";

/** What hangs takes longer, and a machine that has much else to do hardly so long. */
const MAX_SILENCE_MS = 5000;

/** A publisher and WebRTC viewers, over UDP and TCP, that are never to notice what others do. */
export class HealthyWhep implements AsyncDisposable {
  readonly publisher: SyntheticPublisher;
  readonly viewers: readonly WhepViewer[];

  private constructor(publisher: SyntheticPublisher, viewers: readonly WhepViewer[]) {
    this.publisher = publisher;
    this.viewers = viewers;
  }

  /** Starts publishing and watching; resolves when pictures arrive. */
  static async start(
    gateway: GatewayProcess,
    options: Partial<SyntheticOptions> = {},
  ): Promise<HealthyWhep> {
    const path = options.path ?? "live/healthy";
    const publisher = await publish(gateway, { ...options, path });
    const viewers = await Promise.all(
      (["udp", "tcp"] as const).map((transport) => WhepViewer.join(gateway, { path, transport })),
    );
    const healthy = new HealthyWhep(publisher, viewers);
    await healthy.check();
    return healthy;
  }

  /** Fails unless the viewers have got every packet, in time and in order, and still do. */
  async check(): Promise<void> {
    const before = this.viewers.map(({ video }) => video?.packets.length ?? 0);
    await until("the healthy viewers get further packets", () => {
      return this.viewers.every(({ video }, at) => (video?.packets.length ?? 0) > before[at]! + 10);
    });
    assertEquals(this.publisher.end, undefined, "the healthy publisher has lost its connection");
    for (const viewer of this.viewers) {
      assertEquals([viewer.failure, viewer.reception.unauthentic], [undefined, 0]);
      const { packets } = viewer.video!;
      checkNoGaps(viewer.video!);
      for (const [at, { arrivedMs }] of packets.entries()) {
        const silenceMs = at === 0 ? 0 : arrivedMs - packets[at - 1]!.arrivedMs;
        assert(silenceMs < MAX_SILENCE_MS, `no packet for ${silenceMs} ms`);
      }
    }
  }

  /** The same, and that each byte is as it was published. Takes longer the longer it runs. */
  async checkAll(): Promise<void> {
    await this.check();
    for (const viewer of this.viewers) checkFrames(viewer.frames());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of this.viewers) await viewer[Symbol.asyncDispose]();
    await this.publisher[Symbol.asyncDispose]();
  }
}

/** Publishes in real time; resolves when the stream can be watched. */
export async function publish(
  gateway: GatewayProcess,
  options: SyntheticOptions,
): Promise<SyntheticPublisher> {
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, options);
  publisher.run();
  await until(`${options.path} can be watched`, async () => {
    return (await fetch(gateway.httpUrl(`/${options.path}.flv`), { method: "HEAD" })).ok;
  });
  return publisher;
}
