import { unprintableIn } from "../../src/bytes/printable.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { clientAnswer, clientHello, ClientMessages } from "../../testing/rtmp/client.ts";
import type { Attack, AttackOptions, Finding } from "./attack.ts";

/** As much as a name may have, of what is shown and what is not. */
const LONG = "x".repeat(200);
const NASTY = "\x1b[31m\x9b2J\u2028\u202e\u200b\ud800\r\n2026-11-29T22:50:01.123Z [INF] forged";

/** Does something loggable for some time, over one connection after another, each with all it can. */
type Maker = (gateway: GatewayProcess, untilMs: number) => Promise<void>;

const rtmp = (fill: (messages: ClientMessages, at: number) => void): Maker => {
  return async ({ rtmpPort }, untilMs) => {
    for (let round = 0; performance.now() < untilMs; round++) {
      const messages = new ClientMessages(1 << 16).chunkSize(65536).connect(`live`);
      for (let at = 0; at < 200; at++) fill(messages, round * 1000 + at);
      await exchange(rtmpPort, [clientHello(), clientAnswer(), messages.take()], untilMs);
    }
  };
};

const http = (port: "httpPort" | "httpsPort", request: (at: number) => string): Maker => {
  return async (gateway, untilMs) => {
    for (let at = 0; performance.now() < untilMs; at++) {
      await exchange(gateway[port]!, [new TextEncoder().encode(request(at))], untilMs);
    }
  };
};

const MAKERS: readonly Maker[] = [
  // Publishes and ends.
  rtmp((messages, at) => {
    messages.command(0, "createStream", 4, null)
      .command(1, "publish", 5, null, `${LONG}${at}`, "record")
      .command(0, "deleteStream", 6, null, 1);
  }),
  // Publishes what is taken, or has no name.
  rtmp((messages) => {
    messages.command(0, "createStream", 4, null)
      .command(1, "publish", 5, null, "", "live").command(2, "publish", 5, null, "a\\b", "live");
  }),
  rtmp((messages, at) => {
    messages.command(0, "createStream", 4, null).command(1, "publish", 5, null, NASTY + at, "live")
      .command(2, "play", 5, null, NASTY + at, -2);
  }),
  // Plays what is not to be had.
  rtmp((messages, at) => {
    messages.command(0, "createStream", 4, null)
      .command(1, "play", 5, null, `${LONG}${at}?vtrack=x`, -2);
  }),
  // Media that are none.
  rtmp((messages, at) => {
    if (at % 200 === 0) messages.publish(`malformed${at}`);
    messages.video(at, Uint8Array.of(0x17, 1, 0)).audio(at, Uint8Array.of(0xaf))
      .video(at, Uint8Array.of(0x96, 0xff)).audio(at, Uint8Array.of(0x95, 0x77));
  }),
  // What is no RTMP, by many connections.
  async ({ rtmpPort }, untilMs) => {
    while (performance.now() < untilMs) {
      await exchange(rtmpPort, [new Uint8Array(2000).fill(0x16)], untilMs);
    }
  },
  async ({ rtmpsPort }, untilMs) => {
    while (performance.now() < untilMs) {
      await exchange(rtmpsPort!, [Uint8Array.of(0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5)], untilMs);
    }
  },
  http("httpPort", (at) => `G\x9bT /${NASTY}${at} HTTP/9\r\n\r\n`),
  http("httpPort", (at) => `GET /live/${LONG}${at}%E2%80%AE.flv HTTP/1.1\r\nHost: a\r\n\r\n`),
  http("httpPort", () => {
    return "POST /live/malformed/whep HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n" +
      `Content-Length: ${LONG.length}\r\n\r\n${LONG}`;
  }),
  http("httpsPort", () => `GET /${LONG} HTTP/1.1\r\n\r\n`),
];

/** One address makes as much log as it can, in every way at once. */
export const LOG_ATTACK: Attack = {
  name: "as much log as one address can make",
  gateway: { args: ["--tls", "self-signed", "--log-level", "debug"] },
  run: async (gateway: GatewayProcess, { seconds }: AttackOptions): Promise<Finding[]> => {
    const before = gateway.output().length;
    const untilMs = performance.now() + seconds * 1000;
    await Promise.all(MAKERS.map((make) => make(gateway, untilMs)));
    await gateway.status();
    const log = gateway.output().slice(before);
    const lines = log.split("\n");
    const isLine = /^\d{4}-\d\d-\d\dT[\d:.]+Z \[(?:DBG|INF|WRN|ERR)\] /;
    return [
      { what: "log, bytes a second", value: Math.round(log.length / seconds), bar: 20_000 },
      {
        what: "lines with what cannot be seen",
        value: lines.filter((line) => unprintableIn(line) !== undefined).length,
        bar: 0,
      },
      {
        what: "lines without a date",
        value: lines.filter((line) => line !== "" && !isLine.test(line)).length,
        bar: 0,
      },
    ];
  },
};

/** Sends, and takes what is answered until the server ends it, or all is quiet. */
async function exchange(
  port: number,
  pieces: readonly Uint8Array[],
  untilMs: number,
): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const quiet = setTimeout(
    () => conn.close(),
    Math.min(300, Math.max(1, untilMs - performance.now())),
  );
  try {
    const reading = readAll(conn);
    for (const piece of pieces) {
      for (let left = piece; left.length > 0;) left = left.subarray(await conn.write(left));
    }
    await reading;
  } catch {
    // It was ended while it sent.
  } finally {
    clearTimeout(quiet);
    try {
      conn.close();
    } catch {
      // It is closed already.
    }
  }
}

async function readAll(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // It was closed meanwhile.
  }
}
