/** Who may publish, who takes a stream over, and for how long: the real program, and encoders. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { saltedHash } from "../../src/access/key_hash.ts";
import { signUrl } from "../../src/access/signed_url.ts";
import type { StreamsReply } from "../../src/shard/http/api/stream_summary.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { Encoder } from "../resilience/told_encoder.ts";

const UNAUTHORIZED = "NetStream.Publish.Unauthorized";
const START = "NetStream.Publish.Start";
const BUSY = "NetStream.Publish.BadName";
const REJECTED = "NetStream.Publish.Rejected";

/** A publisher that is as good as gone never keeps itself out for longer. */
const MAX_RETURN_MS = 5000;

const SECRET = "correct-horse-battery-staple";

const SIGNER = { id: "a", secret: "what-signs-urls-of-this-server" };

function key(id: string, more: Record<string, unknown> = {}) {
  const hash = saltedHash(SECRET, new Uint8Array(16).fill(3));
  return { id, hash, paths: [`live/${id}`], ...more };
}

/** Until an encoder is told one of these; which. */
async function told(encoder: Encoder, codes: readonly string[]): Promise<string> {
  const known = () => encoder.codes.find((code) => codes.includes(code));
  await until(`it is told ${codes}`, () => known() !== undefined);
  return known()!;
}

function answer(gateway: GatewayProcess, name: string): Promise<Encoder> {
  return Encoder.ask(gateway, { name });
}

async function live(gateway: GatewayProcess): Promise<StreamsReply> {
  return await (await fetch(gateway.httpUrl("/api/v1/live"))).json();
}

Deno.test("a key is a secret that the encoder sends in place of the name", async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--log-level", "debug"],
    config: {
      access: {
        keys: [key("studio"), key("hidden", { list: false })],
        rules: [{ id: "anybody", decision: "allow", actions: ["play"] }],
      },
    },
  });
  using encoder = await Encoder.publish(gateway, { name: `studio.${SECRET}` });
  await t.step("the stream has its public name", async () => {
    await until("it is listed", async () => (await live(gateway)).streams.length === 1);
    assertEquals((await live(gateway)).streams[0]!.name, "studio");
    const stream = await gateway.stream("live/studio");
    assertEquals([stream!.publish.active, stream!.subject], [true, "key studio"]);
  });
  await t.step("who has no key, or a wrong one, is told so and sent away", async () => {
    // Whether a stream is there makes no difference.
    for (const name of ["studio", `studio.${SECRET}x`, "none", `none.${SECRET}`]) {
      using other = await answer(gateway, name);
      assertEquals(await told(other, [START, UNAUTHORIZED, BUSY]), UNAUTHORIZED, name);
      await until("its connection is ended", () => other.isEnded);
    }
  });
  await t.step("a stream that is hidden is in no list of viewers", async () => {
    using _hidden = await Encoder.publish(gateway, { name: `hidden.${SECRET}` });
    await until("it is there", async () => await gateway.stream("live/hidden") !== undefined);
    assertEquals((await live(gateway)).streams.map(({ name }) => name), ["studio"]);
  });
  assertEquals(encoder.isEnded, false);
  assertEquals(gateway.output().includes(SECRET), false);
  assertEquals(JSON.stringify(await gateway.status()).includes(SECRET), false);
  assertStringIncludes(gateway.output(), "publishes live/studio over rtmp (key studio");
});

Deno.test("a second publisher is refused as long as the first one sends", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await using first = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  first.run();
  await until("it is live", async () => await gateway.stream("live/a") !== undefined);
  for (let round = 0; round < 3; round++) {
    using second = await answer(gateway, "a");
    assertEquals(await told(second, [START, BUSY, REJECTED]), BUSY);
  }
  assertEquals(first.end, undefined);
});

Deno.test("a publisher that is as good as gone gives way when it comes again", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  // It says nothing more, and its connection stays.
  using first = await Encoder.publish(gateway, { name: "a" });
  const sinceMs = performance.now();
  using again = await answer(gateway, "a");
  assertEquals(await told(again, [START, BUSY]), START);
  const spentMs = performance.now() - sinceMs;
  assert(spentMs < MAX_RETURN_MS, `after ${spentMs} ms`);
  assertEquals(await told(first, [REJECTED]), REJECTED);
});

Deno.test("a publisher that is as good as gone comes back, though others want its stream as well", async () => {
  const keys = [key("a"), key("b", { paths: ["live/a"] })];
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { access: { keys } },
  });
  const owner = `a.${SECRET}`;
  const stranger = `b.${SECRET}`;
  // Somebody has tried while it was there still, and is told so.
  await using first = await SyntheticPublisher.connect(gateway.rtmpPort, { path: `live/${owner}` });
  await first.frame();
  await until("it is live", async () => await gateway.stream("live/a") !== undefined);
  {
    using early = await answer(gateway, stranger);
    await until("it is told something", async () => {
      await first.frame();
      return early.codes.length > 0;
    });
    assertEquals(await told(early, [START, BUSY]), BUSY);
  }
  const sinceMs = performance.now();
  using _waiting = await answer(gateway, stranger);
  // One that gives up while it waits keeps nobody out.
  (await answer(gateway, owner))[Symbol.dispose]();
  using again = await answer(gateway, owner);
  assertEquals(await told(again, [START, BUSY]), START);
  const spentMs = performance.now() - sinceMs;
  assert(spentMs < MAX_RETURN_MS, `after ${spentMs} ms`);
});

Deno.test("a second publisher takes the stream over, as is configured", async (t) => {
  const keys = [
    key("a"),
    key("b", { paths: ["live/a"] }),
  ];
  for (
    const [secondPublisher, second, expected] of [
      ["takeOver", "b", START],
      ["takeOverSame", "a", START],
      ["takeOverSame", "b", BUSY],
    ] as const
  ) {
    await t.step(`${secondPublisher}: ${second} after a`, async () => {
      await using gateway = await startGateway({
        args: ["--shards", "2"],
        config: { secondPublisher, access: { keys } },
      });
      const path = `live/a.${SECRET}`;
      await using first = await SyntheticPublisher.connect(gateway.rtmpPort, { path });
      first.run();
      await until("it is live", async () => await gateway.stream("live/a") !== undefined);
      using other = await answer(gateway, `${second}.${SECRET}`);
      assertEquals(await told(other, [START, BUSY]), expected);
      if (expected === START) await until("the first is ended", () => first.end !== undefined);
      else assertEquals(first.end, undefined);
    });
  }
});

Deno.test("what lets a publisher in says how many viewers the stream may have", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: {
      access: {
        keys: [key("few", { limits: { maxViewers: 1 } })],
        rules: [{ decision: "allow", actions: ["play"] }],
      },
    },
  });
  const path = `live/few.${SECRET}`;
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path });
  publisher.run();
  await until("it can be watched", async () => {
    return (await fetch(gateway.httpUrl("/live/few.flv"), { method: "HEAD" })).ok;
  });
  const watch = () => fetch(gateway.httpUrl("/live/few.flv"));
  const first = await watch();
  const second = await watch();
  assertEquals([first.status, second.status], [200, 503]);
  assertStringIncludes(await second.text(), "The stream may have up to 1 viewer");
  await first.body!.cancel();
  await until("there is room again", async () => {
    const again = await watch();
    await again.body!.cancel();
    return again.status === 200;
  });
});

Deno.test("what lets a publisher in says how much it may send, and for how long", async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: {
      access: {
        keys: [
          key("rate", { limits: { maxBitrateBps: 100_000 } }),
          key("time", { limits: { maxDurationMs: 1000 } }),
          key("size", { limits: { maxWidth: 8, maxHeight: 8 } }),
          key("free", { limits: { maxBitrateBps: 100_000_000, maxDurationMs: 3_600_000 } }),
        ],
        signedUrls: { secrets: [SIGNER], endAtExpiry: true },
      },
    },
  });
  const publish = async (name: string) => {
    const path = name.includes("?") ? `live/${name}` : `live/${name}.${SECRET}`;
    const bitrateBps = 1_000_000;
    const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path, bitrateBps });
    publisher.run();
    return publisher;
  };
  await using free = await publish("free");
  await t.step("a bitrate", async () => {
    await using publisher = await publish("rate");
    await until("it is ended", () => publisher.end !== undefined, { timeoutMs: 15_000 });
    assertStringIncludes(gateway.output(), "The bitrate may be up to 100000 bit/s, it is ");
    // It does not have the same again by coming back.
    using again = await answer(gateway, `rate.${SECRET}`);
    assertEquals(await told(again, [START, BUSY]), BUSY);
    assertStringIncludes(gateway.output(), "and was more: try again in ");
  });
  await t.step("a time", async () => {
    await using publisher = await publish("time");
    await until("it is ended", () => publisher.end !== undefined);
    assertStringIncludes(gateway.output(), "It may be published for up to 1000 ms");
  });
  await t.step("a size of pictures", async () => {
    await using publisher = await publish("size");
    await until("it is ended", () => publisher.end !== undefined);
    assertStringIncludes(gateway.output(), "Pictures may have up to 8x8, they have ");
  });
  await t.step("a moment", async () => {
    // Signatures have whole seconds.
    const expiresAtMs = (Math.floor(Date.now() / 1000) + 3) * 1000;
    const token = signUrl(SIGNER, { action: "publish", path: "live/moment", expiresAtMs });
    await using publisher = await publish(`moment?token=${token}`);
    await until("it is live", async () => await gateway.stream("live/moment") !== undefined);
    await until("it is ended", () => publisher.end !== undefined);
    assert(Date.now() >= expiresAtMs, "it was ended too early");
    assertStringIncludes(gateway.output(), "The right to publish has expired");
    const late = await publish(`moment?token=${token}`);
    await using _ = late;
    await until("it is not let in again", () => late.end !== undefined);
  });
  assertEquals(free.end, undefined);
});
