/// <reference lib="deno.worker" />

/** Viewers that attack, in a thread of their own: what that costs must not hold up those who measure. */
import { followEvents } from "./event_followers.ts";
import { chooseLayers } from "./layer_choosers.ts";
import { lieAboutLinks } from "./lying_viewers.ts";

const WAYS = { chooseLayers, followEvents, lieAboutLinks };

/** What they are to do. */
export interface ViewersOrder {
  readonly way: keyof typeof WAYS;
  readonly httpPort: number;
  /** Of the stream that they watch. */
  readonly path: string;
  readonly seconds: number;
}

/** That it listens now; what became of it, or why it ended before. */
export type ViewersReply =
  | "ready"
  | { readonly counts: Readonly<Record<string, number>> }
  | { readonly failure: string };

self.addEventListener("message", async ({ data }: MessageEvent<ViewersOrder>) => {
  const { way, httpPort, path, seconds } = data;
  const gateway = { httpUrl: (path: string) => `http://127.0.0.1:${httpPort}${path}` };
  try {
    const reply: ViewersReply = { counts: await WAYS[way](gateway, path, seconds) };
    self.postMessage(reply);
  } catch (error) {
    const reply: ViewersReply = { failure: `${error}` };
    self.postMessage(reply);
  }
});

const ready: ViewersReply = "ready";
self.postMessage(ready);
