/// <reference lib="deno.worker" />

import { configureLogging } from "./shard_logging.ts";
import { STATUS_CODE } from "@std/http/status";
import { ControlLink } from "./control_link.ts";
import { Counters } from "./counters.ts";
import { listenHttp } from "./http_listener.ts";
import type { ForwardedRequest, ForwardedResponse, ToControl, ToShard } from "./messages.ts";
import type { ConnectionListener } from "./connection_listener.ts";
import { listenRtmp } from "./rtmp_listener.ts";
import { Streams } from "./streams.ts";

/** How often time-outs are looked after, and reports are sent. */
const TICK_MS = 1000;

/** How long clients have to take what is left for them when the server stops. */
const STOP_GRACE_MS = 1000;

type StartMessage = Extract<ToShard, { kind: "start" }>;

/** A shard at work: all of the data path, on one thread. */
class Shard {
  readonly #control: ControlLink;
  readonly #streams: Streams;
  readonly #rtmp: ConnectionListener;
  readonly #http: ConnectionListener;
  readonly #ticker: ReturnType<typeof setInterval>;

  constructor(start: StartMessage, post: (message: ToControl) => void) {
    const { settings, assets } = start;
    const control = new ControlLink(post);
    const counters = new Counters(start.counters, start.shard);
    const streams = new Streams(
      { flushMs: settings.flushMs },
      { jumped: () => counters.add("viewersJumped") },
    );
    for (const entry of start.streams) streams.open(entry);
    const context = { settings, streams, control, counters, assets };
    this.#control = control;
    this.#streams = streams;
    this.#rtmp = listenRtmp(context);
    this.#http = listenHttp(context);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#rtmp.run();
    this.#http.run();
  }

  async handle(message: Exclude<ToShard, StartMessage>): Promise<void> {
    switch (message.kind) {
      case "stream-opened":
        return this.#streams.open(message.stream);
      case "stream-closed":
        await this.#streams.close(message.streamId);
        return this.#control.send({ kind: "stream-released", streamId: message.streamId });
      case "publish-accepted":
      case "publish-refused":
      case "streams-reply":
      case "forward-reply":
      case "opus-opened":
      case "opus-closed":
        return this.#control.settle(message);
      case "forwarded-request":
        return await this.#answerForwarded(message);
      case "stop":
        return await this.#stop();
    }
  }

  async #answerForwarded(
    { requestId, from, request }: Extract<ToShard, { kind: "forwarded-request" }>,
  ): Promise<void> {
    const response = await answerForwarded(request);
    this.#control.send({ kind: "forwarded-response", requestId, to: from, response });
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#rtmp.sweep(nowMs);
    this.#http.sweep(nowMs);
    this.#control.send({ kind: "report", streams: this.#streams.report() });
  }

  async #stop(): Promise<void> {
    clearInterval(this.#ticker);
    await Promise.all([this.#rtmp.close(STOP_GRACE_MS), this.#http.close(STOP_GRACE_MS)]);
    this.#control.send({ kind: "stopped" });
  }
}

/** Answers a request about a viewer here that came to another shard. */
function answerForwarded({ resource }: ForwardedRequest): Promise<ForwardedResponse> {
  return Promise.resolve({
    status: STATUS_CODE.NotFound,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: new TextEncoder().encode(`There is no viewer ${resource}\n`),
  });
}

const post = (message: ToControl) => self.postMessage(message);

async function start(message: StartMessage): Promise<Shard | undefined> {
  await configureLogging(message.settings);
  try {
    const shard = new Shard(message, post);
    post({ kind: "listening" });
    return shard;
  } catch (error) {
    post({ kind: "listen-failed", reason: error instanceof Error ? error.message : `${error}` });
    return undefined;
  }
}

let starting: Promise<Shard | undefined> | undefined;

self.addEventListener("message", async ({ data }: MessageEvent<ToShard>) => {
  if (data.kind === "start") starting = start(data);
  else (await starting)?.handle(data);
});
