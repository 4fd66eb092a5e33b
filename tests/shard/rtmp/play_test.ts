import { granted, openMemory } from "../open_memory.ts";
import { assert, assertEquals } from "@std/assert";
import { OPEN_ACCESS } from "../../../testing/open_access.ts";
import { FlvViewer } from "../../../src/egress/flv_viewer.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import { ControlLink } from "../../../src/shard/control_link.ts";
import type { ConnectionListener } from "../../../src/shard/net/connection_listener.ts";
import type { ToControl } from "../../../src/shard/messages.ts";
import type { ShardSettings } from "../../../src/shard/shard_settings.ts";
import { MAX_AUDIENCES } from "../../../src/shard/live/selected_tracks.ts";
import { listenRtmp } from "../../../src/shard/rtmp/listener.ts";
import type { Streams } from "../../../src/shard/live/streams.ts";
import { RtmpForm } from "../../../src/egress/rtmp_form.ts";
import { FLV_FORM } from "../../../src/stream/feed_form.ts";
import { LogState, Slot, Track } from "../../../src/stream/log_layout.ts";
import type { LogWriter } from "../../../src/stream/log_writer.ts";
import { audioFrame, interFrame, keyFrame, openLog } from "../../stream/log_samples.ts";
import { until } from "../../../testing/waiting.ts";
import { RtmpPlayerClient } from "../../../testing/rtmp/player_client.ts";
import { SHARD_SETTINGS, testPlaces, testViewers } from "../shard_settings.ts";
import { testStreams } from "../test_streams.ts";

/** A stream that a test writes. */
interface TestStream {
  readonly streamId: number;
  readonly writer: LogWriter;
}

/** A shard's RTMP, with streams that the test makes. */
class Setup implements AsyncDisposable {
  readonly counters = new Counters(allocateCounters(1), 0);
  readonly streams: Streams;
  readonly port: number;
  readonly #listener: ConnectionListener;
  readonly #running: Promise<void>;
  #streamIds = 0;

  constructor(overrides: Partial<ShardSettings> = {}, playWaitMs = 60_000) {
    const { timeouts } = SHARD_SETTINGS;
    const settings = { ...SHARD_SETTINGS, timeouts: { ...timeouts, playWaitMs }, ...overrides };
    const control = new ControlLink((message) => this.#decide(control, message));
    this.streams = testStreams(control);
    const source = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = source.addr.port;
    const { streams, counters } = this;
    const context = { settings, streams, control, counters, memory: openMemory() };
    const { places, proxies } = testPlaces(counters);
    const doors = testViewers(counters, { places, maxViewers: settings.maxViewers });
    this.#listener = listenRtmp(
      { ...context, access: OPEN_ACCESS, places, proxies, ...doors },
      source,
    );
    this.#running = this.#listener.run();
  }

  /** A stream with both tracks. */
  open(path: string): TestStream {
    const { shared, writer } = openLog({ tracks: Track.audio | Track.video });
    writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(0x17, 0, 0xbb));
    writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(0xaf, 0, 0xcc));
    const streamId = ++this.#streamIds;
    this.streams.open({ streamId, path, log: shared });
    return { streamId, writer };
  }

  async close({ streamId, writer }: TestStream): Promise<void> {
    writer.setState(LogState.ended);
    await this.streams.close(streamId);
  }

  sweep(nowMs = performance.now()): void {
    this.#listener.sweep(nowMs);
  }

  /** Everybody may publish. */
  #decide(control: ControlLink, message: ToControl): void {
    if (message.kind !== "publish") return;
    const { streamId } = this.open(message.path);
    const { requestId } = message;
    control.settle({ kind: "publish-accepted", requestId, streamId, sent: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close(0);
    await this.#running;
  }
}

async function hasMedia(player: RtmpPlayerClient, count: number): Promise<void> {
  await until(`${count} messages of media`, () => player.media.length >= count);
}

function timesOf(player: RtmpPlayerClient, streamId = 1): string[] {
  return player.media.filter((media) => media.streamId === streamId && media.payload.length > 3)
    .map(({ kind, timestampMs }) => `${kind[0]}${timestampMs}`);
}

const ACCEPTED = [
  "begin on 1",
  "NetStream.Play.Reset on 1",
  "NetStream.Play.Start on 1",
  "|RtmpSampleAccess on 1",
];

Deno.test("a player gets configurations and pictures, and the end when its stream is over", async () => {
  await using setup = new Setup();
  const stream = setup.open("live/a");
  stream.writer.append(keyFrame(0));
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "a?token=x");
  await hasMedia(player, 3);
  stream.writer.append(audioFrame(10));
  stream.writer.append(interFrame(40));
  stream.writer.flush();
  await hasMedia(player, 5);
  assertEquals(timesOf(player), ["v0", "a10", "v40"]);
  assertEquals(player.told.filter((told) => told.includes(" on ")), ACCEPTED);
  const [report] = setup.streams.report();
  assertEquals([report?.viewers, report?.rtmpViewers], [0, 1]);
  assertEquals([setup.counters.total("viewers"), setup.counters.total("rtmpViewers")], [1, 1]);
  await setup.close(stream);
  await player.ends();
  assertEquals(player.told.slice(-3), [
    "NetStream.Play.UnpublishNotify on 1",
    "EOF on 1",
    "NetStream.Play.Stop on 1",
  ]);
  await until("the player is counted out", () => setup.counters.total("rtmpViewers") === 0);
  assertEquals([setup.counters.total("viewers"), setup.counters.total("playsAccepted")], [0, 1]);
});

Deno.test("a publisher that leaves and comes back is told of, by either rule", async () => {
  for (const unpublishNotify of ["end", "leave"] as const) {
    await using setup = new Setup({ unpublishNotify });
    const stream = setup.open("live/a");
    stream.writer.append(keyFrame(0));
    using player = await RtmpPlayerClient.connect(setup.port);
    await player.command(1, "play", "a");
    await hasMedia(player, 3);
    stream.writer.setState(LogState.waiting);
    await player.hears("dry on 1");
    stream.writer.setState(LogState.live);
    await player.hears("NetStream.Play.PublishNotify on 1");
    stream.writer.setState(LogState.waiting);
    await player.hears("dry on 1", 2);
    // One that comes meanwhile.
    using late = await RtmpPlayerClient.connect(setup.port);
    await late.command(1, "play", "a");
    await hasMedia(late, 3);
    await late.hears("dry on 1");
    await setup.close(stream);
    await Promise.all([player.ends(), late.ends()]);
    const unpublished = "NetStream.Play.UnpublishNotify on 1";
    const times = player.told.filter((told) => told === unpublished).length;
    assertEquals(times, unpublishNotify === "end" ? 1 : 2);
    assertEquals(late.told.filter((told) => told === unpublished).length, 1);
  }
});

Deno.test("a player waits for its stream, and begins when it is there", async () => {
  await using setup = new Setup();
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "later");
  await player.command(2, "play", "later?video=0");
  await player.command(1, "receiveAudio", false);
  // Answered, so that all before was read.
  player.messages.command(0, "getStreamLength", 9, null, "later");
  await player.flush();
  await player.hears("_result", 3);
  setup.sweep();
  assertEquals(player.told.filter((told) => told.includes("NetStream")), []);
  const { writer } = setup.open("live/later");
  writer.append(keyFrame(0));
  writer.append(audioFrame(10));
  writer.flush();
  await player.hears("NetStream.Play.Start on 1");
  await player.hears("NetStream.Play.Start on 2");
  await until("pictures on 1", () => timesOf(player, 1).length === 1);
  writer.append(audioFrame(30));
  writer.append(interFrame(40));
  writer.flush();
  await until("pictures on 1, sound on 2", () => {
    return timesOf(player, 1).length === 2 && timesOf(player, 2).includes("a30");
  });
  assertEquals(timesOf(player, 1), ["v0", "v40"]);
  assertEquals(timesOf(player, 2).filter((time) => time.startsWith("v")), []);
});

Deno.test("a player of a stream that does not come is told so, and ended", async () => {
  await using setup = new Setup({}, 300);
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "never");
  await until("it is told", () => {
    setup.sweep();
    return player.told.includes("NetStream.Play.StreamNotFound on 1");
  });
  await player.ends();
  assertEquals(setup.counters.total("playsRefused"), 1);
  // Nobody waits for it any more.
  setup.open("live/never");
  assertEquals(setup.streams.report(), []);
});

Deno.test("a player that names no stream is counted, and may ask for another one", async () => {
  await using setup = new Setup();
  setup.open("live/there").writer.append(keyFrame(0));
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "");
  await until("it is told", () => player.told.includes("NetStream.Play.StreamNotFound on 1"));
  assertEquals(setup.counters.total("playsRefused"), 1);
  await player.command(1, "play", "there");
  await until("it plays", () => player.told.includes("NetStream.Play.Start on 1"));
  assertEquals(setup.counters.total("playsAccepted"), 1);
});

Deno.test("a player that has gone does not begin", async () => {
  await using setup = new Setup();
  const player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "later");
  player.messages.command(0, "getStreamLength", 9, null, "later");
  await player.flush();
  await player.hears("_result", 3);
  player.close();
  await until("it is gone", () => setup.counters.total("rtmpConnections") === 0);
  setup.open("live/later").writer.append(keyFrame(0));
  assertEquals(setup.counters.total("playsAccepted"), 0);
});

Deno.test("players are asked now and then whether they are there", async () => {
  await using setup = new Setup();
  setup.open("live/a").writer.append(keyFrame(0));
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "a");
  await hasMedia(player, 3);
  await player.command(1, "pause", true, 0);
  await player.hears("NetStream.Pause.Notify on 1");
  const nowMs = performance.now();
  setup.sweep(nowMs + 29_000);
  setup.sweep(nowMs + 31_000);
  setup.sweep(nowMs + 32_000);
  await player.hears("ping");
  await player.command(1, "pause", false, 0);
  await player.hears("NetStream.Unpause.Notify on 1");
  assertEquals(player.told.filter((told) => told === "ping").length, 1);
});

Deno.test("players are viewers, of whom there may be so many", async () => {
  await using setup = new Setup({ maxViewers: 1 });
  setup.open("live/a").writer.append(keyFrame(0));
  using first = await RtmpPlayerClient.connect(setup.port);
  await first.command(1, "play", "a");
  await hasMedia(first, 3);
  using second = await RtmpPlayerClient.connect(setup.port);
  await second.command(1, "play", "a");
  await second.hears("NetStream.Play.Failed on 1");
  await second.ends();
  await first.command(1, "closeStream");
  await until("there is room", () => setup.counters.total("viewers") === 0);
  using third = await RtmpPlayerClient.connect(setup.port);
  await third.command(1, "play", "a");
  await hasMedia(third, 3);
  assert(!first.isEnded);
});

Deno.test("a player is refused where there are too many audiences", async () => {
  await using setup = new Setup();
  const stream = setup.open("live/a");
  stream.writer.append(keyFrame(0));
  const live = setup.streams.byPath("live/a")!;
  for (let videoTrack = 0; videoTrack < MAX_AUDIENCES; videoTrack++) {
    new FlvViewer(granted(live.audience(FLV_FORM, { audio: true, video: true, videoTrack })));
  }
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "a?audio=0&vtrack=0");
  await player.ends();
  assertEquals(player.told.at(-1), "NetStream.Play.Failed on 1");
  await until("the player is not counted", () => setup.counters.total("rtmpViewers") === 0);
  await setup.close(stream);
});

Deno.test("what cannot be played is refused", async () => {
  await using setup = new Setup();
  for (
    const [name, code] of [
      ["a?audio=0&video=0", "NetStream.Play.Failed on 1"],
      ["../a", "NetStream.Play.StreamNotFound on 1"],
    ] as const
  ) {
    using player = await RtmpPlayerClient.connect(setup.port);
    await player.command(1, "play", name);
    await player.hears(code);
    await player.ends();
  }
});

Deno.test("a player that is refused one stream and asks for another in the same breath stays", async () => {
  await using setup = new Setup();
  setup.open("live/a").writer.append(keyFrame(0));
  using player = await RtmpPlayerClient.connect(setup.port);
  player.messages.command(1, "play", 0, null, "../a").command(1, "play", 0, null, "a");
  await player.flush();
  await hasMedia(player, 3);
  setup.sweep(performance.now() + 9000);
  await player.command(1, "pause", true, 0);
  await player.hears("NetStream.Pause.Notify on 1");
  assert(!player.isEnded);
});

Deno.test("who is refused a stream to play and publishes in the same breath stays", async () => {
  await using setup = new Setup({}, 0);
  using player = await RtmpPlayerClient.connect(setup.port);
  player.messages.command(1, "play", 0, null, "none");
  player.messages.command(2, "publish", 0, null, "b");
  await player.flush();
  await player.hears("NetStream.Play.StreamNotFound on 1");
  await player.hears("NetStream.Publish.Start on 2");
  // It is heard after that, too.
  player.messages.command(0, "getStreamLength", 9, null, "b");
  await player.flush();
  await player.hears("_result", 3);
  assert(!player.isEnded);
});

Deno.test("a player that breaks the protocol is sent no more of what it plays", async () => {
  await using setup = new Setup();
  const { shared, writer } = openLog({ maxBytes: 64 << 20, windowMs: 60_000 });
  writer.append(keyFrame(0));
  setup.streams.open({ streamId: 99, path: "live/a", log: shared });
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "a");
  await hasMedia(player, 1);
  player.stopReading();
  // Far more than the system takes for a peer that does not read.
  const count = 30;
  for (let frame = 1; frame <= count; frame++) writer.append(interFrame(frame * 40, 1 << 20));
  writer.flush();
  const unknown = { chunkStreamId: 7, typeId: 7, streamId: 1, timestampMs: 0 };
  player.messages.raw({ ...unknown, payload: Uint8Array.of(1) }).send({
    kind: "setChunkSize",
    size: 0,
  });
  await player.flush();
  await until("it is read", () => setup.counters.total("messagesIgnored") === 1);
  player.startReading();
  await player.ends();
  assertEquals(setup.counters.total("rtmpProtocolErrors"), 1);
  assert(player.media.length < count, `got ${player.media.length} of ${count}`);
});

Deno.test("a player pauses, goes on, and changes tracks and streams", async () => {
  await using setup = new Setup();
  const { writer } = setup.open("live/a");
  const other = setup.open("live/b");
  other.writer.append(keyFrame(1000));
  writer.append(keyFrame(0));
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "a");
  await hasMedia(player, 3);
  await player.command(1, "pause", true, 0);
  await player.hears("NetStream.Pause.Notify on 1");
  for (const record of [interFrame(40), keyFrame(80), interFrame(120)]) writer.append(record);
  writer.flush();
  await player.command(1, "pause", false, 0);
  await until("it goes on", () => timesOf(player).includes("v120"));
  assertEquals(timesOf(player), ["v0", "v80", "v120"]);

  await player.command(1, "receiveVideo", false);
  // Answered, so that it was done.
  await player.command(1, "seek", 0);
  await player.hears("NetStream.Seek.Notify on 1");
  for (const record of [interFrame(160), audioFrame(170)]) writer.append(record);
  writer.flush();
  await until("the sound goes on", () => timesOf(player).includes("a170"));
  assertEquals(timesOf(player).at(-2), "v120");

  await player.command(1, "receiveAudio", false);
  await player.command(1, "receiveVideo", true);
  writer.append(keyFrame(200));
  writer.flush();
  await until("pictures again", () => timesOf(player).includes("v200"));
  assertEquals(setup.streams.report().length, 1);
  await player.command(1, "play", "b");
  await until("the other stream", () => timesOf(player).includes("v1000"));
  assertEquals(setup.streams.report().map(({ streamId }) => streamId), [other.streamId]);
  assertEquals(setup.counters.total("rtmpViewers"), 1);
});

Deno.test("one connection publishes, and plays that and another stream", async () => {
  await using setup = new Setup();
  const other = setup.open("live/b");
  other.writer.append(keyFrame(1000));
  using client = await RtmpPlayerClient.connect(setup.port);
  client.messages.command(0, "createStream", 4, null);
  await client.command(3, "publish", "own", "live");
  await client.hears("NetStream.Publish.Start on 3");
  client.messages.video(0, Uint8Array.of(0x12, 0, 1, 2, 3), 3);
  client.messages.video(0, Uint8Array.of(0x22, 0, 1, 2, 3), 3);
  await client.command(1, "play", "own");
  await client.command(2, "play", "b");
  await until("the other stream", () => timesOf(client, 2).includes("v1000"));
  // Its end does not end the connection, which publishes.
  await setup.close(other);
  await client.hears("NetStream.Play.Stop on 2");
  setup.sweep();
  await client.command(1, "closeStream");
  await client.command(3, "closeStream");
  await until("nothing is played", () => setup.counters.total("rtmpViewers") === 0);
  assert(!client.isEnded);
});

Deno.test("players on any message stream share what is made for them", async () => {
  await using setup = new Setup();
  const { writer } = setup.open("live/a");
  writer.append(keyFrame(0));
  const stream = setup.streams.byPath("live/a")!;
  using player = await RtmpPlayerClient.connect(setup.port);
  const streamIds = [1, 2, 77, 0xffffffff];
  for (const streamId of streamIds) {
    // Refused for want of a name, but that opens the message stream.
    player.messages.command(streamId, "publish", 0, null, "")
      .command(streamId, "play", 0, null, "a");
  }
  await player.flush();
  await hasMedia(player, 3 * streamIds.length);
  for (const streamId of streamIds) assertEquals(timesOf(player, streamId), ["v0"]);
  const audience = stream.audience(new RtmpForm(1), { audio: true, video: true });
  assertEquals(granted(audience).size, streamIds.length);
});

Deno.test("two players of one connection end with the last of them", async () => {
  await using setup = new Setup();
  const [a, b] = [setup.open("live/a"), setup.open("live/b")];
  a.writer.append(keyFrame(0));
  b.writer.append(keyFrame(5));
  using player = await RtmpPlayerClient.connect(setup.port);
  await player.command(1, "play", "a");
  await player.command(2, "play", "b");
  await hasMedia(player, 6);
  assertEquals([timesOf(player, 1), timesOf(player, 2)], [["v0"], ["v5"]]);
  await setup.close(a);
  await player.hears("NetStream.Play.Stop on 1");
  b.writer.append(interFrame(45));
  b.writer.flush();
  await until("the other goes on", () => timesOf(player, 2).includes("v45"));
  assert(!player.isEnded);
  await setup.close(b);
  await player.ends();
});
