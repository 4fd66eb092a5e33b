/// <reference lib="deno.worker" />

/** Peers that attack, in a thread of their own: what that costs must not hold up those who measure. */
import { followEvents } from "./event_followers.ts";
import { chooseLayers } from "./layer_choosers.ts";
import { halfOpenWhips } from "./half_open_whips.ts";
import { lieAboutLinks } from "./lying_viewers.ts";
import { WHIP_FLOODS } from "./whip_floods.ts";

const WAYS = { chooseLayers, followEvents, lieAboutLinks, halfOpenWhips, ...WHIP_FLOODS };

/** What they are to do. */
export interface AttackersOrder {
  readonly way: keyof typeof WAYS;
  readonly httpPort: number;
  /** Of the stream that they watch, or publish. */
  readonly path: string;
  readonly seconds: number;
}

/** That it listens now; what became of it, or why it ended before. */
export type AttackersReply =
  | "ready"
  | { readonly counts: Readonly<Record<string, number>> }
  | { readonly failure: string };

self.addEventListener("message", async ({ data }: MessageEvent<AttackersOrder>) => {
  const { way, httpPort, path, seconds } = data;
  const gateway = { httpUrl: (path: string) => `http://127.0.0.1:${httpPort}${path}` };
  try {
    const reply: AttackersReply = { counts: await WAYS[way](gateway, path, seconds) };
    self.postMessage(reply);
  } catch (error) {
    const reply: AttackersReply = { failure: `${error}` };
    self.postMessage(reply);
  }
});

const ready: AttackersReply = "ready";
self.postMessage(ready);
