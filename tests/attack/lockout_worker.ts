/// <reference lib="deno.worker" />
/** Peers who want to lock others out, in a thread of their own: those others are measured. */
import {
  type AddressedConnection,
  connectFrom,
  requestFrom,
} from "../../testing/network/addressed_client.ts";
import { AUDIO_CONFIGURATION, audioFrame } from "../../testing/media/self_describing.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  publisherPreamble,
} from "../../testing/rtmp/client.ts";

/** What they are to do. */
export type LockoutOrder =
  & { readonly port: number; readonly seconds: number; readonly addresses: readonly string[] }
  & (
    /**
     * Each offers at full speed, some at a time, and never connects; in the target, "#" stands for a
     * number that is another one each time.
     */
    | { readonly kind: "offers"; readonly target: string; readonly sdp: string }
    /** Each begins so many streams a second, with a frame, and leaves. */
    | { readonly kind: "publishers"; readonly perSecond: number }
    /** Each opens and holds so many connections, some of which play this. */
    | { readonly kind: "connections"; readonly each: number; readonly plays: string | undefined }
  );

/** What became of it; connections are held until the worker ends. */
export interface LockoutResult {
  readonly begun: number;
  readonly accepted: number;
}

const OFFERS_AT_ONCE = 4;
/** What an address opens in a tick at most. */
const OPENED_AT_ONCE = 4;
const TICK_MS = 50;

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function carryOut(order: LockoutOrder): Promise<LockoutResult> {
  const endMs = performance.now() + order.seconds * 1000;
  const each = async (attack: (address: string) => Promise<LockoutResult>, times = 1) => {
    const attackers = order.addresses.flatMap((address) => Array<string>(times).fill(address));
    const results = await Promise.all(attackers.map(attack));
    const sum = (name: keyof LockoutResult) => results.reduce((sum, one) => sum + one[name], 0);
    return { begun: sum("begun"), accepted: sum("accepted") };
  };
  switch (order.kind) {
    case "offers":
      return await each((address) => offer(order, address, endMs), OFFERS_AT_ONCE);
    case "publishers":
      return await each((address) => publish(order, address, endMs));
    case "connections":
      return await each((address) => hold(order, address, endMs));
  }
}

let offers = 0;

async function offer(
  { port, target, sdp }: Extract<LockoutOrder, { kind: "offers" }>,
  address: string,
  endMs: number,
): Promise<LockoutResult> {
  const headers = "Content-Type: application/sdp\r\nConnection: close\r\n";
  let [begun, accepted] = [0, 0];
  for (; performance.now() < endMs; begun++) {
    const post = { method: "POST", body: sdp };
    const path = target.replace("#", `${offers++}`);
    using answer = await requestFrom(address, port, path, headers, post);
    if (answer.status === 201) accepted++;
  }
  return { begun, accepted };
}

async function publish(
  { port, perSecond }: Extract<LockoutOrder, { kind: "publishers" }>,
  address: string,
  endMs: number,
): Promise<LockoutResult> {
  const startedMs = performance.now();
  const publishes: Promise<boolean>[] = [];
  for (let nowMs = startedMs; nowMs < endMs; nowMs = performance.now()) {
    while (publishes.length < (nowMs - startedMs) / 1000 * perSecond) {
      publishes.push(comeAndGo(address, port, publishes.length));
    }
    await delay(5);
  }
  const accepted = (await Promise.all(publishes)).filter((isAccepted) => isAccepted).length;
  return { begun: publishes.length, accepted };
}

async function comeAndGo(address: string, port: number, number: number): Promise<boolean> {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name: `flood${number}`, messages });
  messages.audio(0, AUDIO_CONFIGURATION);
  messages.audio(0, audioFrame({ sequence: 0, timestampMs: 0 }, 40));
  try {
    using conn = await connectFrom(address, port);
    conn.write(Uint8Array.of(...preamble, ...messages.take()));
    // What comes before it, to FCPublish, is said to everybody.
    await conn.answered(/onStatus[^]*NetStream\.Publish\./);
    return /onStatus[^]*NetStream\.Publish\.Start/.test(conn.received);
  } catch {
    return false;
  }
}

async function hold(
  { port, each, plays }: Extract<LockoutOrder, { kind: "connections" }>,
  address: string,
  endMs: number,
): Promise<LockoutResult> {
  let held: AddressedConnection[] = [];
  let begun = 0;
  while (performance.now() < endMs) {
    held = held.filter((conn) => !conn.isEnded);
    for (let at = 0; at < OPENED_AT_ONCE && held.length < each; at++) {
      const conn = await connectFrom(address, port).catch(() => undefined);
      if (conn === undefined) break;
      if (plays !== undefined && begun % 2 === 0) conn.write(player(plays));
      begun++;
      held.push(conn);
    }
    await delay(TICK_MS);
  }
  return { begun, accepted: held.filter((conn) => !conn.isEnded).length };
}

function player(name: string): Uint8Array<ArrayBuffer> {
  const commands = new ClientMessages().connect("live").command(0, "createStream", 2, null)
    .command(1, "play", 3, null, name).take();
  return Uint8Array.of(...clientHello(), ...clientAnswer(), ...commands);
}

self.addEventListener("message", async ({ data }: MessageEvent<LockoutOrder>) => {
  self.postMessage(await carryOut(data));
});
