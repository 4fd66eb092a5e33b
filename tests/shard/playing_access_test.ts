/** Who may play, asked by every way to play before anything is told of a stream. */
import { assert, assertEquals } from "@std/assert";
import type { Access, AccessDecision, AccessRequest } from "../../src/access/access.ts";
import type { ConnectOptions } from "../../testing/http3/client.ts";
import { SessionClient } from "../../testing/http3/session_client.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { type PlayingShard, PlayingShards } from "./playing_shard.ts";

/** What each token is refused with; "good" lets its bearer play two streams, of which one is there. */
const REFUSALS: Readonly<Record<string, readonly ["unauthorized" | "forbidden", string]>> = {
  none: ["unauthorized", "A token is needed."],
  wrong: ["unauthorized", "The token is not known."],
  expired: ["unauthorized", "The token has expired."],
  elsewhere: ["forbidden", "The token is for another stream."],
  publisher: ["forbidden", "The token is for publishing."],
};
const PLAYED = "live/a";
const MISSING = "live/none";

function decide({ action, path, credentials: { token = "none" } }: AccessRequest): AccessDecision {
  if (token === "admin" && action === "api") return { kind: "allow", decidedBy: "admin token" };
  if (token.startsWith("good") && action === "play") {
    const subject = token.slice(0, 5);
    const isShared = subject === "goodS";
    const decision = { kind: "allow", decidedBy: "token", subject, isShared } as const;
    return path === "live/alias" ? { ...decision, path: PLAYED } : decision;
  }
  const [status, reason] = REFUSALS[token] ?? REFUSALS["wrong"]!;
  return { kind: "refuse", status, reason, cause: "test", decidedBy: "token" };
}

const AT_ONCE: Access = { decide };
const LATER: Access = {
  decide: async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return decide(request);
  },
};

/** A way to play: tells in words what came of it, "played" if it did. */
type Play = (shard: PlayingShard, path: string, token: string) => Promise<string>;

const query = (token: string) => token === "none" ? "" : `?token=${token}`;

async function told(response: Response): Promise<string> {
  const { status, headers } = response;
  assertEquals(headers.get("access-control-allow-origin"), "*");
  if (status === 401) assert(headers.get("www-authenticate")?.startsWith("Bearer "), "challenge");
  return `${status} ${(await response.text()).trim()}`;
}

const WAYS: Readonly<Record<string, Play>> = {
  "HTTP-FLV": async (shard, path, token) => {
    const response = await fetch(shard.httpUrl(`/${path}.flv${query(token)}`));
    if (response.status !== 200) return await told(response);
    await response.body?.cancel();
    return "played";
  },
  "HTTP-FLV, asked for by HEAD": async (shard, path, token) => {
    const url = shard.httpUrl(`/${path}.flv${query(token)}`);
    const { status } = await fetch(url, { method: "HEAD" });
    if (status === 200) return "played";
    // There are no words in it: those of GET are the same.
    const response = await fetch(url);
    assertEquals(response.status, status);
    return await told(response);
  },
  "HTTP-FLV with a header": async (shard, path, token) => {
    const headers = { authorization: `Bearer ${token}` };
    const url = shard.httpUrl(`/${path}.flv`);
    const response = await fetch(url, token === "none" ? {} : { headers });
    if (response.status !== 200) return await told(response);
    await response.body?.cancel();
    return "played";
  },
  "WS-FLV": async (shard, path, token) => {
    const url = shard.httpUrl(`/${path}.flv${query(token)}`);
    const socket = new WebSocket(url.replace("http", "ws"));
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
    });
    if (isOpen) {
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
      return "played";
    }
    // A browser is not told either; the answer to the upgrade is that to a GET.
    const response = await fetch(url);
    return await told(response);
  },
  "WHEP": async (shard, path, token) => {
    const response = await shard.offer(`/${path}/whep${query(token)}`);
    if (response.status !== 201) return await told(response);
    await response.body?.cancel();
    return "played";
  },
  "WHEP as SRS has it, with a header": async (shard, path, token) => {
    const [app, stream] = path.split("/");
    const headers: Record<string, string> = token === "none"
      ? {}
      : { authorization: `Bearer ${token}` };
    const response = await shard.offer(`/rtc/v1/whep/?app=${app}&stream=${stream}`, headers);
    if (response.status !== 201) return await told(response);
    await response.body?.cancel();
    return "played";
  },
  "WebTransport": async (shard, path, token) =>
    await playSession(shard, { path: `/${path}${query(token)}` }),
  "WebTransport with a header": async (shard, path, token) => {
    const more = token === "none" ? [] : [["authorization", `Bearer ${token}`]] as const;
    return await playSession(shard, { path: `/${path}`, more });
  },
  "RTMP": async (shard, path, token) =>
    await playRtmp(shard, "live", `${nameOf(path)}${query(token)}`),
  "RTMP, with the token in the server's address": async (shard, path, token) =>
    await playRtmp(shard, `live${query(token)}`, nameOf(path)),
};

function nameOf(path: string): string {
  return path.split("/")[1]!;
}

/** Tells the session's end as an answer of HTTP. */
async function playSession(shard: PlayingShard, options: ConnectOptions): Promise<string> {
  using client = await SessionClient.ask(shard.webtransport, options);
  assertEquals(await client.status(), 200);
  return await Promise.race([
    client.ended().then((end) => `${end?.code} ${end?.reason}`),
    client.media().then(() => "played"),
  ]);
}

async function playRtmp(shard: PlayingShard, app: string, name: string): Promise<string> {
  using player = await RtmpPlayerClient.connect(shard.rtmpPort, app);
  await player.command(1, "play", name);
  let said = "";
  await until("the player is told", () => {
    const code = player.told.find((told) => told.startsWith("NetStream.Play."));
    said = code ?? "";
    // Who waits for a stream is told as time passes.
    if (code === undefined) shard.sweep();
    return code !== undefined;
  });
  if (said === "NetStream.Play.Reset on 1") return "played";
  await player.ends();
  return `${said}: ${player.sentences.at(-1)}`;
}

for (const [when, access] of Object.entries({ "at once": AT_ONCE, later: LATER })) {
  Deno.test(`every way to play asks who may, of whom answers ${when}`, async (t) => {
    await using all = await PlayingShards.start(1, access);
    const shard = all.shards[0]!;
    shard.open(PLAYED)(10);
    for (const [way, play] of Object.entries(WAYS)) {
      await t.step(way, async () => {
        assertEquals(await play(shard, PLAYED, "good"), "played");
        assertEquals(await play(shard, "live/alias", "good"), "played");
        const missing = await play(shard, MISSING, "good");
        assert(missing.includes(`The stream ${MISSING} is not live`), missing);
        for (const [token, [status, reason]] of Object.entries(REFUSALS)) {
          const expected = way.startsWith("RTMP")
            ? `NetStream.Play.Failed on 1: ${reason}`
            : `${status === "unauthorized" ? 401 : 403} ${reason}`;
          // The same, whether there is such a stream.
          assertEquals(await play(shard, PLAYED, token), expected, `${token}, there`);
          assertEquals(await play(shard, MISSING, token), expected, `${token}, not there`);
        }
      });
    }
    const totals = shard.counters.totals();
    const { viewersRefused, webrtcViewersRefused, webtransportViewersRefused } = totals;
    const refused = viewersRefused + webrtcViewersRefused + webtransportViewersRefused +
      totals.playsRefused;
    assert(refused >= 2 * WAYS_COUNT * Object.keys(REFUSALS).length, `${refused} refused`);
  });
}

const WAYS_COUNT = Object.keys(WAYS).length;

Deno.test("a WebRTC session takes what created it, on its shard and from another", async (t) => {
  await using all = await PlayingShards.start(2, AT_ONCE);
  const [first, second] = all.shards as [PlayingShard, PlayingShard];
  first.open(PLAYED)(10);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const change = (shard: PlayingShard, path: string, method: string, token: string) =>
    fetch(shard.httpUrl(path), {
      method,
      headers: {
        ...(token !== "" && bearer(token)),
        ...(method === "PATCH" && { "content-type": "application/trickle-ice-sdpfrag" }),
      },
      ...(method === "PATCH" &&
        { body: "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" }),
    });
  for (const [where, shard] of Object.entries({ "on its shard": first, elsewhere: second })) {
    for (const method of ["DELETE", "PATCH", "GET"]) {
      await t.step(`${method} ${where}`, async () => {
        const opened = await first.offer(`/${PLAYED}/whep`, bearer("good1x"));
        assertEquals(opened.status, 201, await opened.text());
        const path = new URL(opened.headers.get("location")!, opened.url).pathname;
        const answers = [];
        for (const token of ["", "wrong", "publisher", "good2", "good1y", "admin", "good1x"]) {
          const response = await change(shard, path, method, token);
          answers.push(response.status);
          await response.body?.cancel();
        }
        // A DELETE of the same subject ends it: there is nobody for those behind.
        const expected: Record<string, number[]> = {
          DELETE: [401, 403, 403, 403, 200, 404, 404],
          // The first one is a restart.
          PATCH: [401, 403, 403, 403, 200, 204, 204],
          GET: [401, 403, 403, 403, 200, 200, 200],
        };
        assertEquals(answers, expected[method]);
      });
    }
  }
  await t.step("not by another whom the same rule lets in", async () => {
    const opened = await first.offer(`/${PLAYED}/whep`, bearer("goodS1"));
    await opened.body?.cancel();
    const { pathname } = new URL(opened.headers.get("location")!, opened.url);
    const statuses = [];
    for (const token of ["goodS2", "goodS1"]) {
      const response = await change(second, pathname, "DELETE", token);
      await response.body?.cancel();
      statuses.push(response.status);
    }
    assertEquals(statuses, [403, 200]);
  });
  await t.step("a token of the endpoint's query is in the session's address", async () => {
    const opened = await first.offer(`/${PLAYED}/whep?token=good1%26x`);
    await opened.body?.cancel();
    const url = new URL(opened.headers.get("location")!, opened.url);
    assertEquals(url.search, "?token=good1%26x");
    const { pathname } = url;
    const without = await change(second, pathname, "DELETE", "");
    const withIt = await change(second, `${pathname}${url.search}`, "DELETE", "");
    await Promise.all([without.body?.cancel(), withIt.body?.cancel()]);
    assertEquals([without.status, withIt.status], [401, 200]);
  });
});

Deno.test("a browser is asked for a token, a player for a name and a password as well", async () => {
  await using all = await PlayingShards.start(1, AT_ONCE);
  const shard = all.shards[0]!;
  const challenges = [];
  for (const agent of ["Mozilla/5.0 (X11) Chrome/156", "Lavf/59.27.100"]) {
    const response = await fetch(shard.httpUrl("/live/a.flv"), {
      headers: { "user-agent": agent },
    });
    await response.body?.cancel();
    challenges.push(response.headers.get("www-authenticate"));
  }
  assertEquals(challenges, [
    'Bearer realm="sluice"',
    'Bearer realm="sluice", Basic realm="sluice"',
  ]);
});
