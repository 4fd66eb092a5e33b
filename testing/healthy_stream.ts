import { assert, assertEquals } from "@std/assert";
import type { GatewayProcess } from "./gateway_process.ts";
import { until } from "./waiting.ts";
import { RawViewer } from "./http/raw_viewer.ts";
import { type SyntheticOptions, SyntheticPublisher } from "./rtmp/synthetic_publisher.ts";

/** What hangs takes longer, and a machine that has much else to do hardly so long. */
const MAX_SILENCE_MS = 5000;

/** A publisher and viewers that are never to notice what others do. */
export class HealthyStream implements AsyncDisposable {
  readonly publisher: SyntheticPublisher;
  readonly viewers: readonly RawViewer[];

  private constructor(publisher: SyntheticPublisher, viewers: readonly RawViewer[]) {
    this.publisher = publisher;
    this.viewers = viewers;
  }

  /** Starts publishing and watching over both transports; resolves when frames arrive. */
  static async start(
    gateway: Pick<GatewayProcess, "rtmpPort" | "httpPort">,
    options: Partial<SyntheticOptions> = {},
  ): Promise<HealthyStream> {
    const path = options.path ?? "live/healthy";
    const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { ...options, path });
    publisher.run();
    await until(`${path} can be watched`, async () => {
      const url = `http://127.0.0.1:${gateway.httpPort}/${path}.flv`;
      return (await fetch(url, { method: "HEAD" })).ok;
    });
    const viewers = await Promise.all(
      (["http", "ws"] as const).map((transport) =>
        RawViewer.open({ httpPort: gateway.httpPort, path, transport })
      ),
    );
    for (const viewer of viewers) viewer.run();
    const healthy = new HealthyStream(publisher, viewers);
    await healthy.check();
    return healthy;
  }

  /** Fails unless the viewers have got every frame in time, and still do. */
  async check(): Promise<void> {
    const before = this.viewers.map(({ checker }) => checker.videoFrames);
    await until("the healthy viewers get further frames", () => {
      for (const viewer of this.viewers) viewer.check();
      return this.viewers.every(({ checker }, at) => checker.videoFrames > before[at]! + 5);
    });
    assertEquals(this.publisher.end, undefined, "the healthy publisher has lost its connection");
    for (const { checker, longestSilenceMs } of this.viewers) {
      assertEquals(checker.jumps, [], "a healthy viewer has jumped");
      assert(longestSilenceMs < MAX_SILENCE_MS, `no frame for ${longestSilenceMs} ms`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of this.viewers) await viewer[Symbol.asyncDispose]();
    await this.publisher[Symbol.asyncDispose]();
  }
}
