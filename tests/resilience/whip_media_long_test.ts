import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { createDtlsCertificate } from "../../src/webrtc/dtls/certificate.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import { isLive, metric, PATH, soundUntil, test } from "./whip_sound.ts";

test("over TCP it is heard as well", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using sender = await WhipSender.connect(gateway, PATH, { transport: "tcp" });
  await soundUntil(sender, "it is live", () => isLive(gateway));
  const described = await (await fetch(`${sender.peer.resource}/statistics`)).json();
  assertEquals([described.transport, described.media.layers.length], ["tcp", 1]);
  await using viewer = await WhepViewer.open(gateway, { path: PATH });
  await soundUntil(
    sender,
    "it is heard",
    () => viewer.isConnected && (viewer.audio?.packets.length ?? 0) > 20,
  );
  await soundUntil(sender, "reports come", () => sender.peer.feedback.has("receiverReport"));
});

test("sequence numbers and timestamps that jump do not end it", async () => {
  await using gateway = await startGateway();
  await using sender = await WhipSender.connect(gateway, PATH);
  await soundUntil(sender, "it is live", () => isLive(gateway));
  for (const sequence of [20_000, 50_000, 60_000, 65_530]) {
    sender.peer.send(sender.next({ sequence }));
  }
  await using viewer = await WhepViewer.open(gateway, { path: PATH });
  let sequence = 65_540;
  const ticker = setInterval(() => sender.peer.send(sender.next({ sequence: sequence++ })), 20);
  try {
    await until(
      "it is heard",
      () => viewer.isConnected && (viewer.audio?.packets.length ?? 0) > 20,
    );
  } finally {
    clearInterval(ticker);
  }
});

test("a publisher with another certificate than it has offered does not connect", async () => {
  await using gateway = await startGateway({ args: ["--log-level", "debug"] });
  const shows = await createDtlsCertificate();
  await using sender = await WhipSender.open(gateway, PATH, { shows });
  await until(
    "it is refused",
    () => gateway.output().includes("its fingerprint must be that of the offer"),
  );
  assert(!sender.peer.isConnected);
  await until("its name is free", async () => (await gateway.stream(PATH)) === undefined);
  assertEquals(await metric(gateway, "sluice_webrtc_publishers_failed_total"), 1);
});

const ADMIN = "the-token-of-the-operator";

test("who exceeds what access sets is ended and told, as is whom the API ends", async () => {
  const rule = { decision: "allow", actions: ["publish"] } as const;
  await using gateway = await startGateway({
    config: {
      gracePeriodMs: 0,
      adminToken: ADMIN,
      access: {
        rules: [
          { ...rule, paths: ["live/short"], limits: { maxDurationMs: 1000 } },
          { ...rule, paths: ["live/loud"], limits: { maxBitrateBps: 50_000 } },
          { ...rule, paths: ["live/kicked"] },
        ],
      },
    },
  });
  await using short = await WhipSender.connect(gateway, "live/short");
  await using loud = await WhipSender.connect(gateway, "live/loud");
  await using kicked = await WhipSender.connect(gateway, "live/kicked");
  const payload = new Uint8Array(1000).fill(0xfc);
  const ticker = setInterval(() => {
    short.sendSound(1);
    kicked.sendSound(1);
    loud.peer.send(loud.next({ payload }));
  }, 20);
  try {
    const headers = { authorization: `Bearer ${ADMIN}` };
    const list = await fetch(gateway.httpUrl("/api/v1/clients"), { headers });
    const { clients } = await list.json();
    const { id } = clients.find(({ path }: { path: string }) => path === "live/kicked");
    const reply = await fetch(gateway.httpUrl(`/api/v1/clients/${id}`), {
      method: "DELETE",
      headers,
    });
    await reply.body?.cancel();
    assert(reply.ok, `${reply.status}`);
    for (const [name, { peer }] of Object.entries({ kicked, short, loud })) {
      await until(`${name} is told of the end`, () => peer.isToldOfEnd);
    }
  } finally {
    clearInterval(ticker);
  }
  assertMatch(gateway.output(), /It may be published for up to 1000 ms/);
  assertMatch(gateway.output(), /The bitrate may be up to 50000 bit\/s/);
});

test("who never sends anything loses the name to who comes for it, within some seconds", async () => {
  await using gateway = await startGateway();
  await using first = await WhipSender.open(gateway, PATH);
  await using _second = await WhipSender.open(gateway, PATH);
  const reply = await fetch(`${first.peer.resource}/statistics`);
  await reply.body?.cancel();
  assertEquals(reply.status, 404);
});

test("who has fallen silent loses the name to who comes for it, within some seconds", async () => {
  await using gateway = await startGateway();
  await using silent = await WhipSender.connect(gateway, PATH);
  await soundUntil(silent, "it is live", () => isLive(gateway));
  const sinceMs = performance.now();
  await using next = await WhipSender.connect(gateway, PATH);
  assertLess(performance.now() - sinceMs, 5000);
  await until("it is told of the end", () => silent.peer.isToldOfEnd);
  await soundUntil(next, "it is live", () => isLive(gateway));
});

test("who connects where no memory is left is ended, and those who are there stay", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1", "--memory", "64MiB"] });
  await using senders = new AsyncDisposableStack();
  const opened: WhipSender[] = [];
  const ended = () => opened.filter(({ peer }) => peer.isToldOfEnd);
  // One address has half of 24 MiB, and each takes 3 MiB.
  for (let at = 0; at < 6 && ended().length === 0; at++) {
    const sender = await WhipSender.connect(gateway, `live/microphone${at}`);
    opened.push(senders.use(sender));
    await until(
      "it is there, or ended",
      async () =>
        sender.peer.isToldOfEnd || await metric(gateway, "sluice_newcomers", '"whip"') === 0,
    );
  }
  await until("one is ended", () => ended().length === 1);
  assertEquals(ended(), opened.slice(-1));
  assertMatch(gateway.output(), /Your address has its share of the memory for this/);
  assertEquals((await gateway.status()).counters.memoryEnded, 1);
});
