import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { DelayingRelay } from "../../testing/network/delaying_relay.ts";
import { until } from "../../testing/waiting.ts";
import { openLink } from "../../testing/webrtc/whep_link.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import { isLive, metric, PATH, soundUntil, test } from "./whip_sound.ts";

test("sound is seen by WHEP and FLV, told by API and metrics, and ends by DELETE", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { gracePeriodMs: 500 },
  });
  await using sender = await WhipSender.connect(gateway, PATH);
  await soundUntil(sender, "it is live", () => isLive(gateway));
  await using viewer = await WhepViewer.open(gateway, { path: PATH });
  await soundUntil(
    sender,
    "the viewer has sound",
    () => viewer.isConnected && (viewer.audio?.packets.length ?? 0) > 20,
  );
  const flv = await fetch(gateway.httpUrl(`/${PATH}.flv`));
  let flvText = "";
  const reading = flv.body!.pipeThrough(new TextDecoderStream("latin1")).pipeTo(
    new WritableStream({ write: (text) => void (flvText += text) }),
  ).catch(() => {});
  await soundUntil(sender, "FLV has sound", () => flvText.split("Opus").length > 20);
  await soundUntil(sender, "reports come", () => sender.peer.feedback.has("receiverReport"));
  const reply = await fetch(gateway.httpUrl("/api/v1/clients"));
  const clients = JSON.stringify(await reply.json());
  assertMatch(clients, /"whip"/);
  assertEquals(await metric(gateway, "sluice_publishers", '"whip"'), 1);
  assertEquals(await metric(gateway, "sluice_newcomers", '"whip"'), 0);
  assertEquals(await sender.peer.delete(), 200);
  await reading;
  await until("it is told of the end", () => sender.peer.isToldOfEnd);
  await until("it is over", async () => (await gateway.stream(PATH))?.state !== "live");
  await until(
    "no publisher is counted",
    async () => await metric(gateway, "sluice_publishers", '"whip"') === 0,
  );
});

test("packets before the handshake, replayed, forged, and of nobody change nothing", async () => {
  await using gateway = await startGateway();
  await using sender = await WhipSender.open(gateway, PATH);
  const random = seededRandom(1);
  // Before the handshake there is no key for any packet.
  const early = Uint8Array.from({ length: 200 }, () => random() * 256);
  early.set([0x80, 111]);
  for (let at = 0; at < 20; at++) sender.peer.send(early);
  await until("it is connected", () => sender.peer.isConnected);
  await soundUntil(sender, "it is live", () => isLive(gateway));
  const before = await metric(gateway, "sluice_webrtc_authentication_failures_total");
  const good = sender.next();
  for (let at = 0; at < 50; at++) {
    sender.peer.send(good);
    const forged = sender.next();
    forged[12 + at % 3]! ^= 1;
    sender.peer.send(forged);
    sender.peer.send(sender.next({ payloadType: 77 }));
    sender.peer.send(sender.next({ ssrc: 1000 + at, payloadType: 99, sequence: 1 }));
  }
  await until(
    "what is not authentic is counted",
    async () => await metric(gateway, "sluice_webrtc_authentication_failures_total") >= before + 50,
  );
  await until(
    "what comes again is counted",
    async () => await metric(gateway, "sluice_webrtc_packets_received_total", "duplicate") >= 49,
  );
  await until(
    "what is nobody's is counted",
    async () => await metric(gateway, "sluice_webrtc_packets_received_total", "unknown") >= 50,
  );
  await soundUntil(sender, "it goes on", async () => {
    const { audio } = (await gateway.stream(PATH))!;
    return audio !== null && await isLive(gateway);
  });
});

test("it goes on from another port and address, and after an ICE restart, within two seconds", async () => {
  await using gateway = await startGateway();
  await using sender = await WhipSender.connect(gateway, PATH);
  const { peer } = sender;
  await soundUntil(sender, "it is live", () => isLive(gateway));
  await using viewer = await WhepViewer.open(gateway, { path: PATH });
  const heard = () => viewer.isConnected ? viewer.audio?.packets.length ?? 0 : 0;
  await soundUntil(sender, "it is heard", () => heard() > 20);
  const goesOn = async (what: string) => {
    const before = heard();
    const beginMs = performance.now();
    await soundUntil(sender, what, () => heard() > before + 10);
    assert(performance.now() - beginMs < 2000, what);
  };
  const candidate = peer.answer.candidates[0]!;
  peer.move(await openLink(candidate));
  await goesOn("it goes on from another port");
  peer.move(await openLink(candidate, "127.0.0.2"));
  await goesOn("it goes on from another address");
  await peer.restartIce();
  await goesOn("it goes on after a restart");
  peer.move(await openLink(candidate, "127.0.0.3"));
  await peer.restartIce();
  await goesOn("it goes on after a restart from another address");
  await until("it is told what came", () => peer.feedback.get("receiverReport")! > 1);
});

test("how long the way is, is known soon after it is connected, and when it gets longer", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const conditions = { roundTripMs: 150, lossFraction: 0 };
  using relay = new DelayingRelay(gateway.webrtcPorts[0]!, conditions, seededRandom(1));
  await using sender = await WhipSender.connect(gateway, PATH, {
    openLink: (candidate) => openLink({ ...candidate, port: relay.port }),
  });
  const connectedMs = performance.now();
  const roundTripMs = async () => {
    const { clients } = await (await fetch(gateway.httpUrl("/api/v1/clients"))).json();
    return clients[0].roundTripMs ?? 0;
  };
  await soundUntil(sender, "it is known", async () => await roundTripMs() >= 150);
  relay.change({ roundTripMs: 400 });
  await soundUntil(sender, "it is seen to be longer", async () => await roundTripMs() >= 400);
  const tookMs = performance.now() - connectedMs;
  assert(tookMs < 3500, `${tookMs} ms`);
});
