/** Attacks that would have the gateway keep more memory than it may. */
import {
  enhancedAudio,
  ofTrack,
  OPUS_CONFIGURATION,
  vp8KeyFrame,
} from "../../testing/media/enhanced_samples.ts";
import { ClientMessages, publisherPreamble } from "../../testing/rtmp/client.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { residentKiB, settledKiB } from "../../testing/process_memory.ts";
import { delay, until } from "../../testing/waiting.ts";
import type { Attack, Finding } from "./attack.ts";
import { StreamFiller } from "./stream_filler.ts";

const MIB = 1024 * 1024;

/** Small, so that attacks come to their end soon: what they would take is many times as much. */
export const GATEWAY = {
  args: ["--shards", "2", "--memory", "256MiB"],
  config: { gracePeriodMs: 100 },
} as const;

/** From here on an attack is long, and goes as far as it was seen to go. */
const LONG_SECONDS = 15;

/** What the process has more than before. */
async function growthMib({ pid }: GatewayProcess, beforeKiB: number): Promise<number> {
  return Math.round((await settledKiB(pid, 1500) - beforeKiB) / 1024);
}

/** Waits until no stream is left of those that have gone. */
async function allGone(gateway: GatewayProcess): Promise<void> {
  await until("the streams are gone", async () => {
    return (await gateway.status()).streams.every(({ name }) => !name.startsWith("gone"));
  }, { timeoutMs: 60_000 });
}

/** 4 sockets with 15 streams each, filled, gone, and again: memory must not grow by the round. */
export const VANISHED_STREAMS: Attack = {
  name: "streams that fill their logs and vanish, over and over",
  gateway: GATEWAY,
  run: async (gateway, { seconds }) => {
    const isLong = seconds >= LONG_SECONDS;
    const [rounds, streamBytes] = isLong ? [20, 30 * MIB] : [4, 6 * MIB];
    const residents: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const fillers = await Promise.all(
        [0, 1, 2, 3].map((at) => StreamFiller.open(gateway.rtmpPort, `gone-${round}-${at}`, 15)),
      );
      await Promise.all(fillers.map((filler) => filler.fill(streamBytes)));
      for (const filler of fillers) filler[Symbol.dispose]();
      await allGone(gateway);
      residents.push(await settledKiB(gateway.pid, isLong ? 1000 : 300));
    }
    const growth = residents.at(-1)! / residents[0]! - 1;
    return [
      { what: "resident after the first round, MiB", value: Math.round(residents[0]! / 1024) },
      { what: "resident after the last, MiB", value: Math.round(residents.at(-1)! / 1024) },
      { what: "growth between them, %", value: Math.round(growth * 100), bar: 20 },
    ];
  },
};

/** What one connection can hold by publishing: no more than an address's share of the logs. */
export const MANY_STREAMS: Attack = {
  name: "one connection with 15 streams of 30 MB",
  gateway: GATEWAY,
  run: async (gateway) => {
    const beforeKiB = await residentKiB(gateway.pid);
    using filler = await StreamFiller.open(gateway.rtmpPort, "many", 15);
    await filler.fill(30 * MIB);
    const { gateway: { memory } } = await gateway.status();
    return [
      { what: "growth, MiB", value: await growthMib(gateway, beforeKiB), bar: 128 },
      { what: "logs, MiB", value: Math.round(memory.uses.logs.usedBytes / MIB), bar: 64 },
    ];
  },
};

const SELECTIONS = 33;

/** A viewer that asks and takes nothing. */
async function stalled(gateway: GatewayProcess, target: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: gateway.httpPort });
  await conn.write(new TextEncoder().encode(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`));
  return conn;
}

/** Each choice of tracks is a copy of the sound that they share. */
export const MANY_SELECTIONS: Attack = {
  name: "33 choices of tracks of a stream with 30 MB of sound",
  gateway: GATEWAY,
  run: async (gateway) => {
    using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "sound");
    await publisher.answer();
    const { messages } = publisher;
    messages.audio(0, OPUS_CONFIGURATION);
    for (let track = 0; track < SELECTIONS; track++) {
      messages.video(0, ofTrack(track, vp8KeyFrame(64, 32)));
    }
    const sound = enhancedAudio("opus", "frame", new Uint8Array(60_000));
    for (let at = 1; at <= 500; at++) {
      messages.audio(10 * at, sound);
      await publisher.flush();
    }
    await until("the stream is known", async () => (await gateway.stream("live/sound"))?.video);
    const beforeKiB = await residentKiB(gateway.pid);
    const conns: Deno.TcpConn[] = [];
    for (let track = 0; track < SELECTIONS; track++) {
      conns.push(await stalled(gateway, `/live/sound.flv?vtrack=${track}`));
    }
    const { counters, gateway: { memory } } = await until("some are refused", async () => {
      const status = await gateway.status();
      return status.counters.viewersRefused! > 0 && status;
    });
    const copies = Math.round(memory.uses.copies.usedBytes / MIB);
    const findings: Finding[] = [
      { what: "growth, MiB", value: await growthMib(gateway, beforeKiB), bar: 96 },
      { what: "copies, MiB", value: copies, bar: 64 },
      { what: "viewers refused", value: counters.viewersRefused! },
    ];
    for (const conn of conns) conn.close();
    return findings;
  },
};

const LARGE_FRAME = 6 * MIB;

/** Each stalled viewer holds on to another key frame, as each comes at another one. */
export const STALLED_ON_KEY_FRAMES: Attack = {
  name: "stalled viewers, each on another key frame of 6 MiB",
  gateway: GATEWAY,
  run: async (gateway, { seconds }) => {
    const viewers = seconds >= LONG_SECONDS ? 150 : 30;
    using filler = await StreamFiller.open(gateway.rtmpPort, "large", 1);
    await filler.fill(LARGE_FRAME, LARGE_FRAME);
    await until("the stream is known", async () => (await gateway.stream("live/large-1"))?.video);
    const beforeKiB = await residentKiB(gateway.pid);
    const conns: Deno.TcpConn[] = [];
    let highestKiB = 0;
    for (let viewer = 0; viewer < viewers; viewer++) {
      conns.push(await stalled(gateway, "/live/large-1.flv"));
      await filler.fill(LARGE_FRAME, LARGE_FRAME);
      await delay(50);
      highestKiB = Math.max(highestKiB, await residentKiB(gateway.pid));
    }
    const { counters } = await until("some are ended", async () => {
      const status = await gateway.status();
      return status.counters.memoryEnded! > 0 && status;
    });
    const findings: Finding[] = [
      { what: "highest growth, MiB", value: Math.round((highestKiB - beforeKiB) / 1024), bar: 256 },
      { what: "growth afterwards, MiB", value: await growthMib(gateway, beforeKiB), bar: 256 },
      { what: "viewers ended", value: counters.memoryEnded! },
    ];
    for (const conn of conns) conn.close();
    return findings;
  },
};

const UNFINISHED = 8 * MIB - 1;
const CHUNK_BYTES = MIB;

/** Messages that never come whole are held until then. */
export const UNFINISHED_MESSAGES: Attack = {
  name: "connections with 8 MiB of a message that never ends",
  gateway: GATEWAY,
  run: async (gateway, { seconds }) => {
    const connections = seconds >= LONG_SECONDS ? 300 : 60;
    const beforeKiB = await residentKiB(gateway.pid);
    const messages = new ClientMessages();
    publisherPreamble({ app: "live", name: "a", chunkSize: CHUNK_BYTES, messages });
    const unfinished = messages.video(0, new Uint8Array(UNFINISHED)).take().slice(0, -1);
    const conns: Deno.TcpConn[] = [];
    for (let count = 0; count < connections; count++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: gateway.rtmpPort });
      conns.push(conn);
      const name = `unfinished-${count}`;
      await send(conn, [
        publisherPreamble({ app: "live", name, chunkSize: CHUNK_BYTES }),
        unfinished,
      ]);
    }
    const { counters, gateway: { memory } } = await until("some are ended", async () => {
      const status = await gateway.status();
      return status.counters.memoryEnded! > 0 && status;
    });
    const held = Math.round(memory.uses.messages.usedBytes / MIB);
    const findings: Finding[] = [
      { what: "growth, MiB", value: await growthMib(gateway, beforeKiB), bar: 96 },
      { what: "messages, MiB", value: held, bar: 16 },
      { what: "connections ended", value: counters.memoryEnded! },
    ];
    for (const conn of conns) conn.close();
    return findings;
  },
};

/** What the gateway takes of it before it ends the connection. */
async function send(conn: Deno.TcpConn, parts: readonly Uint8Array[]): Promise<void> {
  try {
    for (const part of parts) {
      for (let rest = part; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    }
  } catch {
    // It has ended it.
  }
}

export const MEMORY_ATTACKS: readonly Attack[] = [
  VANISHED_STREAMS,
  MANY_STREAMS,
  MANY_SELECTIONS,
  STALLED_ON_KEY_FRAMES,
  UNFINISHED_MESSAGES,
];
