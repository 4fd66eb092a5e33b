import { assert, assertEquals, assertMatch } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { seededRandom } from "../../testing/mutation.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  publisherPreamble,
} from "../../testing/rtmp/client.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { settledKiB } from "../../testing/process_memory.ts";
import {
  AUDIO_CONFIGURATION,
  audioFrame,
  VIDEO_CONFIGURATION,
  videoFrame,
} from "../../testing/media/self_describing.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const TIMEOUTS = {
  handshakeMs: 500,
  publishMs: 500,
  firstFrameMs: 500,
  idleMs: 1000,
  stallMs: 5000,
};
const MAX_MESSAGE = 1024 * 1024;
const CONFIG = {
  gracePeriodMs: 0,
  timeouts: TIMEOUTS,
  limits: { messageBytes: MAX_MESSAGE, rtmpNewcomersPerAddress: 100 },
};

/** Beyond the time-out: the shard looks every second. */
const END_TIMEOUT_MS = 10_000;

interface BadPeer {
  readonly name: string;
  /** What it sends before it is silent; `name` is for a stream of its own. */
  readonly bytes: (name: string) => Uint8Array;
  /** What the log says. */
  readonly reason: RegExp;
  /** What counts it. */
  readonly counter: string;
  /** Sends ten bytes every tenth of a second more, so that it is not silent. */
  readonly keepsTalking?: true;
}

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const join = (...parts: Uint8Array[]) =>
  parts.reduce((out, part) => out.bytes(part), new ByteWriter(8192)).take();
const handshake = () => join(clientHello(), clientAnswer());
const chunk = (type: number, length: number, payload: Uint8Array) =>
  join(
    Uint8Array.of(2, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255, type, 0, 0, 0, 0),
    payload,
  );
const setChunkSize = (size: number) =>
  chunk(1, 4, Uint8Array.of(size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255));

/** All up to `publish`, then what `add` adds. */
function publishing(name: string, add: (messages: ClientMessages) => void): Uint8Array {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name, messages });
  add(messages);
  return join(preamble, messages.take());
}

/** A connect command whose object lies in objects, as deep as this. */
function nestedConnect(depth: number): Uint8Array {
  const out = new ByteWriter(8192);
  out.bytes(latin1("\x02\x00\x07connect\x00\x3f\xf0\x00\x00\x00\x00\x00\x00"));
  for (let level = 0; level < depth; level++) out.bytes(latin1("\x03\x00\x01a"));
  const payload = out.take();
  return new ClientMessages().chunkSize(60_000)
    .raw({ chunkStreamId: 3, typeId: 20, streamId: 0, timestampMs: 0, payload }).take();
}

const random = seededRandom(5);
const frame = videoFrame({ sequence: 0, timestampMs: 0, isKeyFrame: true }, 400);
const wrongNalLength = frame.slice();
wrongNalLength.set([0x7f, 0xff, 0xff, 0xff], 5);

const BAD_PEERS: readonly BadPeer[] = [
  {
    name: "garbage",
    bytes: () => Uint8Array.from({ length: 5000 }, () => 128 + random() * 128),
    reason: /closed: Cannot start RTMP: the first byte must be 3/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "garbage behind a handshake",
    bytes: () => join(handshake(), new Uint8Array(70_000).fill(0xff)),
    reason: /closed: Cannot /,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "HTTP",
    bytes: () => latin1("GET /live/a.flv HTTP/1.1\r\nHost: a\r\n\r\n"),
    reason: /closed: Cannot start RTMP: .*looks like HTTP/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "a TLS hello",
    bytes: () => Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...new Uint8Array(500)),
    reason: /closed: Cannot .*TLS/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "nothing at all",
    bytes: () => new Uint8Array(0),
    reason: /closed: no handshake and connect within 500 ms/,
    counter: "rtmpTimeouts",
  },
  {
    name: "half a handshake",
    bytes: () => clientHello().subarray(0, 700),
    reason: /closed: no handshake and connect within 500 ms/,
    counter: "rtmpTimeouts",
  },
  {
    name: "half a handshake, byte by byte",
    bytes: () => clientHello().subarray(0, 700),
    keepsTalking: true,
    reason: /closed: no handshake and connect within 500 ms/,
    counter: "rtmpTimeouts",
  },
  {
    name: "a connection that publishes nothing",
    bytes: () => join(handshake(), new ClientMessages().connect("live").take()),
    reason: /closed: nothing published or played within 500 ms/,
    counter: "rtmpTimeouts",
  },
  {
    name: "chunk size 0",
    bytes: () => join(handshake(), setChunkSize(0)),
    reason: /closed: Cannot set chunk size: .*got 0/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "chunk size 0x80000000",
    bytes: () => join(handshake(), setChunkSize(0x80000000)),
    reason: /closed: Cannot set chunk size: .*got 2147483648/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "a message of 16 MiB before it may publish",
    bytes: () => join(handshake(), chunk(9, 0xffffff, new Uint8Array(100_000))),
    reason: /closed: Cannot .*65536.*got 16777215/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "a message beyond the limit",
    bytes: (name) =>
      publishing(
        name,
        (messages) =>
          messages.video(0, VIDEO_CONFIGURATION).video(0, new Uint8Array(MAX_MESSAGE + 1)),
      ),
    reason: /closed: Cannot .*1048576.*got 1048577/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "AMF nested 1,000 deep",
    bytes: () => join(handshake(), nestedConnect(1000)),
    reason: /closed: Cannot .*(depth|nested|deep).*/,
    counter: "rtmpProtocolErrors",
  },
  {
    name: "a name of 10,000 characters",
    bytes: () => publisherPreamble({ app: "live", name: "x".repeat(10_000) }),
    reason: /may not publish: The stream name must be up to 256 characters, got 10000/,
    counter: "publishesRefused",
  },
  {
    name: "a name that leaves its folder",
    bytes: () => publisherPreamble({ app: "live", name: "a/../../b" }),
    reason: /may not publish: The name has characters that URLs do not have/,
    counter: "publishesRefused",
  },
  {
    name: "a name that is taken",
    bytes: () => publisherPreamble({ app: "live", name: "healthy" }),
    reason: /may not publish: live\/healthy is being published already/,
    counter: "publishesRefused",
  },
  {
    name: "a publisher without a configuration",
    bytes: (name) => publishing(name, (messages) => messages.video(0, frame).video(40, frame)),
    reason: /live\/bad\d+ had no frame that can be decoded within 500 ms/,
    counter: "messagesSkipped",
  },
  {
    name: "a publisher that sends nothing",
    bytes: (name) => publishing(name, () => {}),
    reason: /live\/bad\d+ had no frame that can be decoded within 500 ms/,
    counter: "rtmpTimeouts",
  },
  {
    name: "wrong NAL lengths",
    bytes: (name) =>
      publishing(
        name,
        (messages) => messages.video(0, VIDEO_CONFIGURATION).video(0, wrongNalLength),
      ),
    reason: /video skipped, malformed: NAL units of h264 must fill the message/,
    counter: "messagesSkipped",
  },
  {
    name: "bodies cut short, and empty ones",
    bytes: (name) =>
      publishing(name, (messages) => {
        messages.video(0, VIDEO_CONFIGURATION.subarray(0, 20)).audio(0, new Uint8Array(0));
        for (let length = 0; length < 9; length++) messages.video(0, frame.subarray(0, length));
        messages.video(0, Uint8Array.of(0x17)).audio(0, AUDIO_CONFIGURATION.subarray(0, 1));
      }),
    reason: /video skipped, malformed: Cannot /,
    counter: "messagesSkipped",
  },
  {
    name: "a publisher that goes silent",
    bytes: (name) =>
      publishing(name, (messages) => messages.video(0, VIDEO_CONFIGURATION).video(0, frame)),
    reason: /closed: silent for 2000 ms, a ping unanswered/,
    counter: "rtmpTimeouts",
  },
  {
    name: "media on streams that are not published",
    bytes: () =>
      join(
        handshake(),
        new ClientMessages().connect("live").video(0, frame, 5).audio(0, frame, 77).take(),
      ),
    reason: /closed: nothing published or played within 500 ms/,
    counter: "messagesIgnored",
  },
];

/** Connects, says its bytes and waits to be ended; returns what it heard. */
async function meet(gateway: GatewayProcess, peer: BadPeer, name: string): Promise<number> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: gateway.rtmpPort });
  const ended = discard(conn);
  const bytes = peer.bytes(name);
  try {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    while (peer.keepsTalking && await isPending(ended, 100)) await conn.write(new Uint8Array(10));
  } catch (error) {
    // It may be ended while it talks.
    if (!isLost(error)) throw error;
  }
  const isEnded = !await isPending(ended, END_TIMEOUT_MS);
  conn.close();
  assert(isEnded, `"${peer.name}" was not ended`);
  return await ended;
}

async function discard(conn: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(4096);
  let heard = 0;
  try {
    for (let length; (length = await conn.read(buffer)) !== null;) heard += length;
  } catch {
    // Reset, or closed by us.
  }
  return heard;
}

async function isPending(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<true>((resolve) => timer = setTimeout(() => resolve(true), ms));
  const result = await Promise.race([promise.then(() => false), timeout]);
  clearTimeout(timer);
  return result;
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(new RegExp(pattern, "g"))?.length ?? 0;
}

function isLost(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}

Deno.test("bad RTMP peers are ended with a reason, counted, and felt by nobody", async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2"], config: CONFIG });
  await using healthy = await HealthyStream.start(gateway);

  let number = 0;
  for (const peer of BAD_PEERS) {
    await t.step(peer.name, async () => {
      const told = countOf(peer.reason, gateway.output());
      const before = (await gateway.status()).counters;
      await meet(gateway, peer, `bad${number++}`);
      await until(
        `the log tells why: ${peer.reason}`,
        () => countOf(peer.reason, gateway.output()) > told,
      );
      const after = (await gateway.status()).counters;
      assert(after[peer.counter]! > before[peer.counter]!, `${peer.counter} did not count it`);
      // Another shard may answer before this one is through with the connection.
      await until("the connection is counted out", async () => {
        return (await gateway.status()).counters.rtmpConnections === 1;
      });
      await healthy.check();
    });
  }

  if (IS_LONG) {
    await t.step("memory stays as it is", async () => {
      const rounds = async (count: number) => {
        for (let round = 0; round < count; round++) {
          const peers = [...BAD_PEERS, ...BAD_PEERS, ...BAD_PEERS];
          await Promise.all(peers.map((peer) => meet(gateway, peer, `bad${number++}`)));
        }
      };
      await rounds(2);
      const beforeKiB = await settledKiB(gateway.pid, 500);
      await rounds(4);
      const afterKiB = await settledKiB(gateway.pid, 500);
      assert(afterKiB < beforeKiB * 1.15, `memory grew from ${beforeKiB} KiB to ${afterKiB} KiB`);
      await healthy.check();
    });
  }
  assertEquals((await gateway.status()).gateway.shardRestarts, 0);
  assertMatch(gateway.output(), /publishes live\/healthy/);
});

Deno.test("a dialogue of one byte per packet is served", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: gateway.rtmpPort });
  conn.setNoDelay();
  const ended = discard(conn);
  const bytes = publishing(
    "bytewise",
    (messages) =>
      messages.video(0, VIDEO_CONFIGURATION).video(0, frame).audio(0, AUDIO_CONFIGURATION)
        .audio(0, audioFrame({ sequence: 0, timestampMs: 0 }, 160)),
  );
  for (const byte of bytes) await conn.write(Uint8Array.of(byte));
  const stream = await until("the stream is described", async () => {
    const found = await gateway.stream("live/bytewise");
    return found?.audio && found;
  });
  assertEquals(stream.video?.codecString, "avc1.4d400a");
  conn.close();
  await ended;
});

Deno.test("half-open connections up to the limit, and the next is refused", async () => {
  const limit = 20;
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { ...CONFIG, limits: { rtmpNewcomersPerAddress: limit } },
  });
  await using healthy = await HealthyStream.start(gateway);
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: gateway.rtmpPort });
  const half = [];
  for (let at = 0; at < limit; at++) half.push(await connect());
  for (const conn of half) await conn.write(clientHello());
  await until("all are in", async () => {
    return (await gateway.status()).counters.rtmpNewcomers === limit;
  });
  const tooMany = await connect();
  assertEquals(await discard(tooMany), 0);
  tooMany.close();
  const refused = /127\.0\.0\.1 refused: one address may have up to 20 new connections/;
  await until("the log tells it", () => refused.test(gateway.output()));
  assertEquals((await gateway.status()).counters.rtmpConnectionsRefused, 1);
  await healthy.check();
  await until("the half-open ones are ended", async () => {
    return (await gateway.status()).counters.rtmpConnections === 1;
  });
  for (const conn of half) conn.close();
  const next = await connect();
  await next.write(clientHello());
  assert(await next.read(new Uint8Array(10)) !== null, "there is room again");
  next.close();
  await healthy.check();
});

Deno.test("a peer that asks and never reads the answers has to wait, and is ended", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { timeouts: { ...TIMEOUTS, firstFrameMs: 60_000 } },
  });
  await using healthy = await HealthyStream.start(gateway);
  // The first one makes the engine's heap grow to what such a flood needs.
  const isEnded = (times: number) =>
    until(
      "the log tells why",
      () => countOf(/rtmp: .*closed: silent for 2000 ms/, gateway.output()) >= times,
    );
  await using _first = await askUntilHeldBack(gateway);
  await isEnded(1);
  const beforeKiB = await settledKiB(gateway.pid, 500);
  await using _second = await askUntilHeldBack(gateway);
  const afterKiB = await settledKiB(gateway.pid, 200);
  assert(afterKiB - beforeKiB < 20_000, `memory grew from ${beforeKiB} KiB to ${afterKiB} KiB`);
  await healthy.check();
  await isEnded(2);
  await healthy.check();
});

/** A publisher that sends pings without reading the answers, until it can send no more. */
async function askUntilHeldBack({ rtmpPort }: GatewayProcess): Promise<AsyncDisposable> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort });
  const pings = new ClientMessages();
  for (let time = 0; time < 4000; time++) {
    pings.send({ kind: "userControl", eventType: 6, data: Uint8Array.of(0, 0, 0, 1) });
  }
  const bytes = pings.take();
  let sent = 0;
  const sending = (async () => {
    try {
      sent += await conn.write(publisherPreamble({ app: "live", name: "pings" }));
      for (;;) {
        for (let at = 0; at < bytes.length;) {
          const length = await conn.write(bytes.subarray(at));
          at += length;
          sent += length;
        }
      }
    } catch (error) {
      // Closed here, perhaps before the gateway's end of it has come.
      if (!(isLost(error) || error instanceof Deno.errors.Interrupted)) throw error;
    }
  })();
  await until("it is held back", async () => {
    const before = sent;
    await delay(500);
    return sent > 0 && sent === before;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      conn.close();
      await sending;
    },
  };
}
