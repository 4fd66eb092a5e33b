import { assert, assertEquals, assertMatch } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import {
  type GatewayOptions,
  type GatewayProcess,
  startGateway,
} from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { checkFrames } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { currentCertificate } from "../../testing/certificates.ts";
import { until } from "../../testing/waiting.ts";
import { KEY_FRAME, publishOwn, VIDEO_CONFIGURATION } from "./own_publisher.ts";

const ROOT = new URL("../../", import.meta.url);

/** The flags of a task before its program: `-P=strict` of `start:strict`, for example. */
function profileOf(task: "start" | "start:strict"): string {
  const words = project.tasks[task].command.split(" ");
  const profile = words.find((word) => word.startsWith("-P"))!;
  assertEquals(words, ["deno", "run", "-q", "--no-prompt", profile, "main.ts"]);
  return profile;
}

/** Whether the ports that `start:strict` is granted are free, which is said on the console if not. */
function areStrictPortsFree(): boolean {
  const busy = [1935, 1936, 8080, 8443, 8000, 8001].filter((port) => {
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return false;
    } catch {
      return true;
    }
  });
  if (busy.length === 0) return true;
  const message = `"start:strict" needs port ${busy.join(" and ")}, which another program has`;
  if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(`Cannot test: ${message}`);
  console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
  return false;
}

/** Publishes to a gateway, and watches; looks at its page and API. */
async function assertServes(options: GatewayOptions): Promise<void> {
  await using gateway = await startGateway(options);
  using _ = await publishOwn({ port: gateway.rtmpPort, app: "live", name: "own" });
  const stream = await until("the stream has its tracks", async () => {
    const found = await gateway.stream("live/own");
    return found?.video && found.audio ? found : undefined;
  });
  assertEquals([stream.state, stream.flvUrl], ["live", "/live/own.flv"]);
  assertEquals([stream.video?.codecString, stream.audio?.codecString], [
    "avc1.4d400a",
    "mp4a.40.2",
  ]);

  const tags = await firstTags(gateway.httpUrl("/live/own.flv"), 4);
  const videoBodies = tags.filter(({ type }) => type === 9).map(({ body }) => body);
  assertEquals(videoBodies, [VIDEO_CONFIGURATION, KEY_FRAME]);

  const page = await fetch(gateway.httpUrl("/"));
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert((await page.text()).includes("<script"));
  assertEquals(await (await fetch(gateway.httpUrl("/healthz"))).text(), "ok\n");
  assertEquals((await gateway.status()).gateway.shardRestarts, 0);
}

/** Asks over TLS, on the ports that are its own by default. */
async function assertAnswersOverTls(options: GatewayOptions): Promise<void> {
  const tls = currentCertificate("localhost");
  await using gateway = await startGateway({ ...options, config: { tls } });
  assertEquals([gateway.rtmpsPort, gateway.httpsPort], [1936, 8443]);
  using client = Deno.createHttpClient({ caCerts: [tls.certificate] });
  const answer = await fetch("https://localhost:8443/healthz", { client });
  assertEquals(await answer.text(), "ok\n");
  const rtmps = await Deno.connectTls({
    hostname: "localhost",
    port: 1936,
    caCerts: [tls.certificate],
  });
  await rtmps.handshake();
  rtmps.close();
}

/** Publishes, and watches over WebRTC, which has no candidate for UDP. */
async function assertWatchedOverTcp(gateway: GatewayProcess): Promise<void> {
  await using healthy = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/tcp" });
  healthy.run();
  await until("the stream is live", () => gateway.stream("live/tcp"));
  for (let round = 0; round < 4; round++) {
    await using viewer = await WhepViewer.join(gateway, { path: "live/tcp", transport: "tcp" });
    assertEquals(new Set(viewer.answer.candidates.map(({ transport }) => transport)), TCP_ONLY);
    await until("there are pictures", () => viewer.frames().length > 10);
    checkFrames(viewer.frames());
    assertEquals(await viewer.delete(), 200);
  }
}

const TCP_ONLY: ReadonlySet<string> = new Set(["tcp"]);

async function firstTags(url: string, count: number) {
  const response = await fetch(url);
  assertEquals(response.headers.get("content-type"), "video/x-flv");
  const reader = new FlvReader();
  const tags: { type: number; body: Uint8Array }[] = [];
  for await (const piece of response.body!) {
    reader.push(piece);
    for (let tag = reader.next(); tag !== undefined; tag = reader.next()) {
      if (tag.kind === "tag") tags.push({ type: tag.type, body: tag.body.slice() });
    }
    if (tags.length >= count) break;
  }
  return tags.slice(0, count);
}

Deno.test("the program serves under the permissions of `deno task start`", async () => {
  await assertServes({ denoArgs: [profileOf("start")], args: ["--shards", "2"] });
});

Deno.test({
  name: "the program serves under the permissions of `deno task start:strict`",
  ignore: !areStrictPortsFree(),
  // Timers of the viewers' DTLS outlive a handshake by seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const denoArgs = [profileOf("start:strict")];
    await assertServes({ denoArgs, listenArgs: [], args: ["--shards", "2"] });
    await using gateway = await startGateway({ denoArgs, listenArgs: [] });
    assert(gateway.webrtcPorts.length <= 4);
    assertEquals(gateway.webrtcPorts, gateway.webrtcPorts.map((_, shard) => 8000 + shard));
    const line = /^ +WebRTC on 0\.0\.0\.0 ports? 8000(?:-800[1-3])? \(TCP only: /m;
    assertMatch(gateway.output(), line);
    await assertWatchedOverTcp(gateway);
    await gateway.stop();
    await assertAnswersOverTls({ denoArgs, listenArgs: [] });
  },
});

type Outcomes = Record<string, string>;

/** What a program may do with these permissions, in its main thread and in a worker. */
async function probe(profile: string): Promise<{ main: Outcomes; worker: Outcomes }> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("hello"),
  );
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", profile],
      ...["tests/program/permission_probe.ts", `${server.addr.port}`],
    ],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

const NOTHING_BUT_NETWORK: Outcomes = {
  env: "empty",
  ffi: "NotCapable",
  moduleFile: "NotCapable",
  read: "NotCapable",
  run: "NotCapable",
  sys: "NotCapable",
  unixSocket: "NotCapable",
  workerFile: "NotCapable",
  write: "NotCapable",
};

Deno.test("`deno task start` grants the network and nothing else", async () => {
  const network = { connect: "done", fetch: "done", listen: "done", listenUdp: "done" };
  const expected = { ...NOTHING_BUT_NETWORK, ...network };
  assertEquals(await probe(profileOf("start")), { main: expected, worker: expected });
});

Deno.test("`deno task start:strict` grants its ports to listen on and nothing else", async () => {
  const network = {
    connect: "NotCapable",
    fetch: "NotCapable",
    listen: "NotCapable",
    listenUdp: "NotCapable",
  };
  const expected = { ...NOTHING_BUT_NETWORK, ...network };
  assertEquals(await probe(profileOf("start:strict")), { main: expected, worker: expected });
});

Deno.test("the probe sees what is granted", async () => {
  const { main, worker } = await probe("-A");
  for (const outcomes of [main, worker]) {
    for (const name of ["read", "run", "sys", "env", "connect", "fetch", "listen", "listenUdp"]) {
      assertEquals(outcomes[name], "done", name);
    }
    assert(!Object.values(outcomes).includes("NotCapable"));
  }
});
