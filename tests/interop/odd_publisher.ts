import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { delay } from "../../testing/waiting.ts";
import { readRecording, type RecordedTag, type Recording } from "./recording.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";

const FOLDER = new URL("../../testing/fixtures/publishers/", import.meta.url);

/** How one of `testing/fixtures/publishers` is published. */
export interface OddPublisherOptions {
  /** "live/name" */
  readonly path: string;
  /** How many times as fast as it was recorded; 1 by default. */
  readonly speed?: number;
  /** Where it waits, in the recording's time and order, and for what; then it goes on from there. */
  readonly stops?: readonly { readonly atMs: number; readonly until: () => Promise<unknown> }[];
}

/** One of the recordings; `name` is that of its file, without its ending. */
export async function oddRecording(name: string): Promise<Recording> {
  return readRecording(await Deno.readFile(new URL(`${name}.flv`, FOLDER)));
}

/** Publishes a recording as it is: each tag one message, with its timestamp, at its time. */
export class OddPublisher implements AsyncDisposable {
  /** Settles when all is sent, or the publisher is disposed of. */
  readonly sent: Promise<void>;
  readonly #publisher: RtmpPublisher;
  readonly #stopping = Promise.withResolvers<void>();
  #isStopping = false;

  private constructor(
    publisher: RtmpPublisher,
    tags: readonly RecordedTag[],
    options: Omit<OddPublisherOptions, "path">,
  ) {
    this.#publisher = publisher;
    this.sent = this.#send(tags, options);
  }

  /** Starts publishing; `name` is that of a file, without its ending. */
  static async start(
    gateway: Pick<GatewayProcess, "rtmpPort">,
    name: string,
    options: OddPublisherOptions,
  ): Promise<OddPublisher> {
    return await OddPublisher.publish(gateway, await oddRecording(name), options);
  }

  /** Starts publishing a recording that is no file. */
  static async publish(
    gateway: Pick<GatewayProcess, "rtmpPort">,
    { tags }: Pick<Recording, "tags">,
    { path, ...options }: OddPublisherOptions,
  ): Promise<OddPublisher> {
    const [app, stream] = path.split("/") as [string, string];
    const publisher = await RtmpPublisher.connect(gateway.rtmpPort, app, stream);
    await publisher.answer();
    return new OddPublisher(publisher, tags, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    this.#stopping.resolve();
    // Whoever waits for it is told.
    await this.sent.catch(() => {});
    this.#publisher.close();
  }

  async #send(
    tags: readonly RecordedTag[],
    { speed = 1, stops = [] }: Omit<OddPublisherOptions, "path">,
  ): Promise<void> {
    let startedMs = performance.now();
    const stopsLeft = [...stops];
    for (const tag of tags) {
      while (stopsLeft[0] !== undefined && tag.timestampMs >= stopsLeft[0].atMs) {
        const { atMs, until } = stopsLeft.shift()!;
        await Promise.race([until(), this.#stopping.promise]);
        startedMs = performance.now() - atMs / speed;
      }
      const dueMs = startedMs + tag.timestampMs / speed;
      while (!this.#isStopping && performance.now() < dueMs) {
        await delay(Math.max(0, Math.min(50, dueMs - performance.now())));
      }
      if (this.#isStopping) return;
      await this.#publisher.send({ hasAudio: true, hasVideo: true, tags: [tag] });
    }
  }
}
