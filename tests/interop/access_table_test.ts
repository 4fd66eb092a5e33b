/** Every way in and out, with everything that may be brought: who is let in, by the real program. */
import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { PUBLISH_OFFERS } from "../../testing/webrtc/publish_offers.ts";
import { postOffer, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import { WAYS_TO_PLAY } from "../program/access_ways.ts";
import {
  type Case,
  CASES,
  CONFIG,
  credential,
  type Kind,
  PATH,
  revoke,
  ROWS,
  sessionRows,
  STREAM_KINDS,
  type TableRow,
} from "./access_table.ts";

/** From the request to revoke on to the last end. */
const MAX_END_MS = 2000;

/** A stream that can be watched. */
async function start(): Promise<GatewayProcess> {
  const gateway = await startGateway({
    args: ["--shards", "2", "--log-level", "debug"],
    config: { ...CONFIG, gracePeriodMs: 0 },
  });
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: PATH });
  publisher.run();
  const token = await credential("key", "play", "right");
  await until("it can be watched", async () => {
    return await WAYS_TO_PLAY["HTTP-FLV"]!.way(gateway, PATH, token) === "200";
  });
  const dispose = gateway[Symbol.asyncDispose].bind(gateway);
  return Object.assign(gateway, {
    [Symbol.asyncDispose]: async () => {
      assertEquals(publisher.end, undefined);
      await publisher[Symbol.asyncDispose]();
      await dispose();
    },
  });
}

let publications = 0;

/** What is wrong in one row of the table, for these cases. */
async function wrongCells(
  gateway: GatewayProcess,
  { action, kinds, told, come }: TableRow,
  cases: readonly Case[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const kind of kinds) {
    for (const which of cases) {
      const path = action === "publish" ? `${PATH}-${publications++}` : PATH;
      const token = await credential(kind, action, which, path);
      if (token === undefined && which !== "none") continue;
      const answer = await come(gateway, path, token);
      const expected = told[which === "right" || which === "none" ? which : "wrong"];
      if (!expected.test(answer)) wrong.push(`${kind}, ${which}: ${answer}`);
    }
  }
  return wrong;
}

/** A session by a right credential, and its address without that. */
async function openSession(gateway: GatewayProcess, action: "play" | "publish", kind: Kind) {
  const path = action === "play" ? PATH : `${PATH}-${publications++}`;
  const token = await credential(kind, action, "right", path);
  const { response, body } = await postOffer(
    gateway,
    action === "play"
      ? { endpoint: `/${path}/whep?token=${token}` }
      : { endpoint: `/${path}/whip?token=${token}`, offer: () => PUBLISH_OFFERS.chromium },
  );
  assertEquals(response.status, 201, body);
  const { pathname: location } = new URL(response.headers.get("location")!, response.url);
  return { action, kind, token, location };
}

Deno.test("every way in and out lets in whom it should, and nobody else", async (t) => {
  await using gateway = await start();
  await t.step("revoked ones, while they are not", async () => {
    for (const [name, row] of Object.entries(ROWS)) {
      const told = { ...row.told, wrong: row.told.right };
      assertEquals(await wrongCells(gateway, { ...row, told }, ["revoked"]), [], name);
    }
  });
  const sessions = await Promise.all(
    STREAM_KINDS.map((kind) => openSession(gateway, "play", kind)),
  );
  await t.step("those that are revoked end within a second, and nobody else does", async () => {
    await endsRevoked(gateway);
  });
  for (const [name, row] of Object.entries(ROWS)) {
    await t.step(name, async () => assertEquals(await wrongCells(gateway, row, CASES), []));
  }
  // Publishers that send nothing are not kept for long.
  for (const kind of STREAM_KINDS) sessions.push(await openSession(gateway, "publish", kind));
  for (const { action, kind, token, location } of sessions) {
    const protocol = action === "play" ? "WHEP" : "WHIP";
    for (const [name, row] of sessionRows(action, location)) {
      await t.step(`${protocol} ${name} of a session by a ${kind}`, async () => {
        const strangers = CASES.filter((which) => which !== "right");
        assertEquals(await wrongCells(gateway, row, strangers), []);
        // What created it: another URL of the same signer may be anybody's.
        assertMatch(await row.come(gateway, PATH, token), row.told.right);
      });
    }
  }
});

/** Somebody who is in, and when it was ended. */
interface Guest extends AsyncDisposable {
  readonly name: string;
  readonly end: () => boolean;
}

async function endsRevoked(gateway: GatewayProcess): Promise<void> {
  await using guests = new AsyncDisposableStack();
  const invite = async (which: Case) => {
    const all = await Promise.all(
      STREAM_KINDS.flatMap((kind) => guestsBy(gateway, kind, which)),
    );
    for (const guest of all) guests.use(guest);
    return all;
  };
  const [revoked, kept] = await Promise.all([invite("revoked"), invite("right")]);
  assertEquals([...revoked, ...kept].filter(({ end }) => end()), []);
  const sinceMs = performance.now();
  await revoke(gateway);
  for (const { name, end } of revoked) await until(`${name} is ended`, end, { timeoutMs: 5000 });
  assertLess(performance.now() - sinceMs, MAX_END_MS);
  assertEquals(kept.filter(({ end }) => end()).map(({ name }) => name), []);
}

/** One by each way, with a credential of its own. */
function guestsBy(gateway: GatewayProcess, kind: Kind, which: Case): Promise<Guest>[] {
  const playing = async (way: (token: string) => Promise<Omit<Guest, "name">>, name: string) => {
    const token = await credential(kind, "play", which);
    return { ...bound(await way(token!)), name: `${name} by ${kind}` };
  };
  return [
    publishing(gateway, kind, which),
    publishingByWhip(gateway, kind, which),
    playing((token) => playRtmp(gateway, token), "RTMP play"),
    playing((token) => watchFlv(gateway.httpUrl(`/${PATH}.flv?token=${token}`)), "HTTP-FLV"),
    playing((token) => watchWebSocket(gateway, token), "WS-FLV"),
    playing((token) => watchWhep(gateway, token), "WHEP"),
    ...(kind === "signed URL" ? [] : [following(gateway, kind, which)]),
  ];
}

function bound(guest: Omit<Guest, "name">): Omit<Guest, "name"> {
  return { end: guest.end, [Symbol.asyncDispose]: () => guest[Symbol.asyncDispose]() };
}

async function publishing(gateway: GatewayProcess, kind: Kind, which: Case): Promise<Guest> {
  const path = `${PATH}-${publications++}`;
  const token = await credential(kind, "publish", which, path);
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `${path}?token=${token}`,
    bitrateBps: 100_000,
  });
  publisher.run();
  await until("it is published", () => gateway.output().includes(`publishes ${path} over`));
  return {
    name: `RTMP publish by ${kind}`,
    end: () => publisher.end === "by the server",
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}

async function publishingByWhip(
  gateway: GatewayProcess,
  kind: Kind,
  which: Case,
): Promise<Guest> {
  const path = `${PATH}-${publications++}`;
  const token = await credential(kind, "publish", which, path);
  const sender = await WhipSender.connect(gateway, path, { query: `?token=${token}` });
  const ticker = setInterval(() => sender.sendSound(1), 20);
  await until("it is published", () => gateway.output().includes(`publishes ${path} over`));
  return {
    name: `WHIP by ${kind}`,
    end: () => sender.peer.isToldOfEnd,
    [Symbol.asyncDispose]: () => {
      clearInterval(ticker);
      return sender[Symbol.asyncDispose]();
    },
  };
}

async function playRtmp({ rtmpPort }: GatewayProcess, token: string): Promise<Omit<Guest, "name">> {
  const [app, name] = PATH.split("/") as [string, string];
  const player = await RtmpPlayerClient.connect(rtmpPort, app);
  await player.command(1, "play", `${name}?token=${token}`);
  await until("it plays", () => player.media.length > 0);
  return {
    end: () => player.isEnded,
    [Symbol.asyncDispose]: () => Promise.resolve(player.close()),
  };
}

/** Reads a response that goes on. */
async function watchFlv(url: string, headers = {}): Promise<Omit<Guest, "name">> {
  const response = await fetch(url, { headers });
  assertEquals(response.status, 200);
  const reader = response.body!.getReader();
  let isEnded = false;
  const reading = (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {}).finally(() => isEnded = true);
  return {
    end: () => isEnded,
    [Symbol.asyncDispose]: async () => {
      await reader.cancel().catch(() => {});
      await reading;
    },
  };
}

/** An administrator who follows the list of clients. */
async function following(gateway: GatewayProcess, kind: Kind, which: Case): Promise<Guest> {
  const authorization = `Bearer ${await credential(kind, "api", which)}`;
  const url = gateway.httpUrl("/api/v1/events");
  return { ...bound(await watchFlv(url, { authorization })), name: `API events by ${kind}` };
}

async function watchWebSocket(
  gateway: GatewayProcess,
  token: string,
): Promise<Omit<Guest, "name">> {
  const socket = new WebSocket(
    gateway.httpUrl(`/${PATH}.flv?token=${token}`).replace("http", "ws"),
  );
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  let isEnded = false;
  void closed.then(() => isEnded = true);
  await new Promise<unknown>((resolve) => socket.onmessage = resolve);
  return {
    end: () => isEnded,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await closed;
    },
  };
}

async function watchWhep(gateway: GatewayProcess, token: string): Promise<Omit<Guest, "name">> {
  const viewer = await WhepViewer.join(gateway, { endpoint: `/${PATH}/whep?token=${token}` });
  return {
    end: () => viewer.isToldOfEnd,
    [Symbol.asyncDispose]: () => viewer[Symbol.asyncDispose](),
  };
}
