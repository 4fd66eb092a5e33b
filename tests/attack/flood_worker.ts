/// <reference lib="deno.worker" />

/**
 * Sends what it is told over and over, as fast as it is taken. In a thread of its own: what a flood
 * costs its sender must not hold up those who measure.
 */

/** What a flood is made of. */
export interface FloodOrder {
  readonly hostname: string;
  readonly port: number;
  /** "connections" begins and ends them over TCP, and sends nothing. */
  readonly transport: "tcp" | "udp" | "connections";
  /** What each peer sends first; they are as many as this has. */
  readonly openings: readonly Uint8Array<ArrayBuffer>[];
  /** What is sent over and over, until the connection ends; nothing, if it has no bytes. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Over TCP, bytes that must have come before the payload is sent. */
  readonly answerBytes: number;
}

/** What became of it so far. */
export interface FloodCounts {
  bytes: number;
  /** Connections that the gateway has ended. */
  ended: number;
}

/** Before a connection that was ended is made again. */
const RETRY_MS = 20;

/** Datagrams between two looks at what else there is to do. */
const DATAGRAMS_A_TURN = 64;

const counts: FloodCounts = { bytes: 0, ended: 0 };

function turn(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function floodOverTcp(order: FloodOrder, opening: Uint8Array<ArrayBuffer>): Promise<void> {
  for (;;) {
    try {
      using conn = await Deno.connect({ hostname: order.hostname, port: order.port });
      await writeAll(conn, opening);
      const answered = Promise.withResolvers<void>();
      const reading = readOn(conn, order.answerBytes, answered.resolve);
      await Promise.race([answered.promise, reading]);
      if (order.payload.length === 0) await reading;
      for (let writes = 0;; writes++) {
        await writeAll(conn, order.payload);
        counts.bytes += order.payload.length;
        // A write that is taken at once ends no turn either.
        if (writes % 16 === 0) await turn();
      }
    } catch {
      counts.ended++;
      await turn(RETRY_MS);
    }
  }
}

async function readOn(conn: Deno.Conn, wanted: number, done: () => void): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let received = 0;
  if (wanted === 0) done();
  try {
    for (;;) {
      const length = await conn.read(buffer);
      if (length === null) break;
      received += length;
      if (received >= wanted) done();
      if (length < 1024) await turn();
    }
  } catch {
    // The writer sees the same.
  }
}

async function floodOverUdp({ hostname, port, payload }: FloodOrder): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  for (;;) {
    for (let sent = 0; sent < DATAGRAMS_A_TURN; sent++) {
      await socket.send(payload, { transport: "udp", hostname, port }).catch(() => {});
      counts.bytes += payload.length;
    }
    await turn();
  }
}

async function floodWithConnections({ hostname, port }: FloodOrder): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname, port })).close();
      counts.ended++;
    } catch {
      await turn(RETRY_MS);
    }
    if (counts.ended % 16 === 0) await turn();
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

self.addEventListener("message", ({ data }: MessageEvent<FloodOrder | "counts">) => {
  if (data === "counts") return self.postMessage(counts);
  for (const opening of data.openings) {
    if (data.transport === "tcp") void floodOverTcp(data, opening);
    else void (data.transport === "udp" ? floodOverUdp(data) : floodWithConnections(data));
  }
});
