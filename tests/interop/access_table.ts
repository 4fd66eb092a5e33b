/** Who is let in by which way, as a table; and credentials of each kind that fit, or do not. */
import { signUrl } from "../../src/access/signed_url.ts";
import { obsRequest } from "../../testing/obs_request.ts";
import { until } from "../../testing/waiting.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { PUBLISH_OFFERS } from "../../testing/webrtc/publish_offers.ts";
import { api, publishRtmp, type Reached, signJwt, WAYS_TO_PLAY } from "../program/access_ways.ts";

/** What is brought: one that fits, nothing, or one with something wrong. */
export const CASES = [
  "right",
  "none",
  "wrong",
  "expired",
  "of another stream",
  "of another action",
  "revoked",
] as const;
export type Case = (typeof CASES)[number];

export type Kind = "key" | "signed URL" | "JWT" | "admin token";

type Action = "publish" | "play" | "api";

/** Published, and watched by all. */
export const PATH = "live/a";
const ELSEWHERE = "live/b";

const ADMIN = "the-token-of-the-operator";
const JWT_SECRET = "a-secret-of-both-sides-that-is-long-enough";
const SIGNERS = {
  kept: { id: "kept", secret: "what-signs-urls-of-this-server" },
  revoked: { id: "revoked", secret: "what-signed-urls-until-the-reload" },
} as const;

const ACTIONS: readonly Action[] = ["publish", "play", "api"];
const HOLDERS = ["right", "other", "revoked"] as const;

/** One key for each action, of each kind of holder. */
const keys = Object.fromEntries(
  ACTIONS.flatMap((action) => HOLDERS.map((holder) => `${action}-${holder}`))
    .map((id) => [id, makeKey(id)]),
);

/** Publishers have streams of their own, of which each name begins so. */
const PATHS: Readonly<Record<Action, string>> = {
  publish: `${PATH}-*`,
  play: PATH,
  api: "*",
};

function configuredKeys(holders: readonly string[]) {
  return ACTIONS.flatMap((action) =>
    holders.map((holder) => ({
      id: `${action}-${holder}`,
      hash: keys[`${action}-${holder}`]!.hash,
      paths: [holder === "other" ? ELSEWHERE : PATHS[action]],
      actions: [action],
    }))
  );
}

/** What the gateway is started with: those who will be revoked are welcome. */
export const CONFIG = {
  adminToken: ADMIN,
  access: {
    keys: configuredKeys(HOLDERS),
    signedUrls: { secrets: [SIGNERS.kept, SIGNERS.revoked] },
    jwt: { secret: JWT_SECRET },
    rules: [{ id: "own", decision: "allow", actions: ["publish"], paths: [PATH] }],
  },
} as const;

/** Takes away what the credentials of the case "revoked" rest on. */
export async function revoke(gateway: Reached): Promise<void> {
  const { status, text } = await api(gateway, "PUT", "/api/v1/config", {
    token: ADMIN,
    body: {
      access: {
        ...CONFIG.access,
        keys: configuredKeys(["right", "other"]),
        signedUrls: { secrets: [SIGNERS.kept] },
      },
      revoke: [
        ...ACTIONS.map((action) => `${action}-revoked`),
        ...ACTIONS.map((action) => `token ${action}-revoked`),
        "signature revoked",
      ],
    },
  });
  if (status !== 200) throw new Error(`The reload gave ${status}: ${text}`);
}

/** A credential of a kind, for an action; `undefined` where there can be none. */
export async function credential(
  kind: Kind,
  action: Action,
  which: Case,
  path = PATH,
): Promise<string | undefined> {
  if (which === "none") return undefined;
  switch (kind) {
    case "key":
      return keyFor(action, which);
    case "signed URL":
      return action === "api" ? undefined : signedFor(action, which, path);
    case "JWT":
      return await jwtFor(action, which, path);
    case "admin token":
      if (action !== "api") return undefined;
      return which === "right" ? ADMIN : which === "wrong" ? `${ADMIN}x` : undefined;
  }
}

const OTHER: Readonly<Record<Action, Action>> = { publish: "play", play: "publish", api: "play" };

function keyFor(action: Action, which: Case): string | undefined {
  switch (which) {
    case "right":
    case "revoked":
      return keys[`${action}-${which}`]!.key;
    case "wrong":
      return `${action}-right.${makeKey("x").key.split(".")[1]}`;
    case "of another stream":
      // The API has no streams.
      return action === "api" ? undefined : keys[`${action}-other`]!.key;
    case "of another action":
      return keys[`${OTHER[action]}-right`]!.key;
    default:
      return undefined;
  }
}

function signedFor(action: "publish" | "play", which: Case, path: string): string {
  const grant = { action, path, expiresAtMs: Date.now() + 60_000 };
  switch (which) {
    case "wrong":
      return signUrl({ ...SIGNERS.kept, secret: "what-signs-urls-of-another-one" }, grant);
    case "expired":
      return signUrl(SIGNERS.kept, { ...grant, expiresAtMs: Date.now() - 1000 });
    case "of another stream":
      return signUrl(SIGNERS.kept, { ...grant, path: ELSEWHERE });
    case "of another action":
      return signUrl(SIGNERS.kept, { ...grant, action: action === "play" ? "publish" : "play" });
    case "revoked":
      return signUrl(SIGNERS.revoked, grant);
    default:
      return signUrl(SIGNERS.kept, grant);
  }
}

async function jwtFor(action: Action, which: Case, path: string): Promise<string | undefined> {
  const claims = { [action]: action === "api" ? true : path, jti: `${action}-${which}` };
  switch (which) {
    case "wrong":
      return await signJwt("another-secret-that-is-long-enough-too", claims);
    case "expired":
      return await signJwt(JWT_SECRET, claims, -60);
    case "of another stream":
      return action === "api" ? undefined : await signJwt(JWT_SECRET, { [action]: ELSEWHERE });
    case "of another action":
      return await signJwt(JWT_SECRET, { [OTHER[action]]: path });
    default:
      return await signJwt(JWT_SECRET, claims);
  }
}

/** A way in or out. */
export interface TableRow {
  readonly action: Action;
  readonly kinds: readonly Kind[];
  /** What is told whom, a status or a code; what is not there is as "wrong". */
  readonly told: Readonly<{ right: RegExp; none: RegExp; wrong: RegExp }>;
  readonly come: (gateway: Reached, path: string, token?: string) => Promise<string>;
}

/** What lets in to a stream. */
export const STREAM_KINDS = ["key", "signed URL", "JWT"] as const;
const API_KINDS = ["key", "JWT", "admin token"] as const;

function playing(name: keyof typeof WAYS_TO_PLAY, right: RegExp): TableRow {
  const told = name === "RTMP"
    ? { right, none: /^NetStream\.Play\.Failed/, wrong: /^NetStream\.Play\.Failed/ }
    : { right, none: /^401$/, wrong: /^403$/ };
  return { action: "play", kinds: STREAM_KINDS, told, come: WAYS_TO_PLAY[name]!.way };
}

function asking(method: string, path: string, right: RegExp, body?: unknown): TableRow {
  return {
    action: "api",
    kinds: API_KINDS,
    told: { right, none: /^401$/, wrong: /^401$/ },
    come: async (gateway, _path, token) => {
      const options = { ...(token !== undefined && { token }), body };
      return `${(await api(gateway, method, path, options)).status}`;
    },
  };
}

/** A question about a session. */
interface SessionQuestion {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Behind its address. */
  readonly under?: string;
  readonly type?: string;
  readonly body?: string;
  /** What is answered to whom it belongs. */
  readonly right: RegExp;
  /** What is answered to everybody else, if that is not that they may not. */
  readonly others?: RegExp;
}

const PATCHING: SessionQuestion = {
  method: "PATCH",
  type: "application/trickle-ice-sdpfrag",
  body: "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n",
  right: /^20[04]$/,
};

/** What may be asked about a viewer's session; its end last. */
const VIEWER_QUESTIONS: readonly SessionQuestion[] = [
  { method: "GET", right: /^200$/ },
  PATCHING,
  { method: "POST", under: "/events", type: "application/json", body: "[]", right: /^201$/ },
  {
    method: "POST",
    under: "/layer",
    type: "application/json",
    body: JSON.stringify({ mediaId: "0", encodingId: "none" }),
    // There is none of this name, as those are told who may know.
    right: /^(400|404|409)$/,
  },
  // It takes nothing but its id, which cannot be guessed.
  { method: "GET", under: "/events/none", right: /^404$/, others: /^404$/ },
  { method: "DELETE", under: "/events/none", right: /^404$/, others: /^404$/ },
  { method: "DELETE", right: /^200$/ },
];

/** The same about a publisher's. */
const PUBLISHER_QUESTIONS: readonly SessionQuestion[] = [
  { method: "GET", right: /^204$/ },
  { method: "GET", under: "/statistics", right: /^200$/ },
  PATCHING,
  { method: "DELETE", right: /^200$/ },
];

/** All that may be done with a session, each with its name. */
export function sessionRows(
  action: "play" | "publish",
  location: string,
): readonly (readonly [string, TableRow])[] {
  const questions = action === "play" ? VIEWER_QUESTIONS : PUBLISHER_QUESTIONS;
  return questions.map(({ method, under = "", type, body, right, others }) => {
    const told = { right, none: others ?? /^401$/, wrong: others ?? /^403$/ };
    const come: TableRow["come"] = async ({ httpPort }, _path, token) => {
      // Over a connection of its own, which the kernel gives to any shard.
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const response = await fetch(`http://127.0.0.1:${httpPort}${location}${under}`, {
        client,
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(type !== undefined && { "content-type": type }),
          ...(method === "PATCH" && { "if-match": "*" }),
        },
        ...(body !== undefined && { body }),
      });
      await response.body?.cancel();
      return `${response.status}`;
    };
    return [`${method}${under}`, { action, kinds: STREAM_KINDS, told, come }];
  });
}

/** What a list has of the stream: whoever may not play it is not told that it is there. */
function listing(textOf: (response: Response) => Promise<string>, path: string): TableRow {
  return {
    action: "play",
    kinds: STREAM_KINDS,
    told: { right: /^listed$/, none: /^not there$/, wrong: /^not there$/ },
    come: async ({ httpPort }, _path, token) => {
      const query = token === undefined ? "" : `?token=${token}`;
      const response = await fetch(`http://127.0.0.1:${httpPort}${path}${query}`);
      const text = await textOf(response);
      if (response.status !== 200) return `${response.status}`;
      return text.includes(`"url":"/${PATH}"`) ? "listed" : "not there";
    },
  };
}

/** The first event of a response that goes on. */
async function firstEvent(response: Response): Promise<string> {
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes("\n\n")) break;
  }
  return text;
}

/** What OBS asks before it publishes several qualities. */
const ASKING_FOR_QUALITIES: TableRow = {
  action: "publish",
  kinds: ["key", "signed URL", "JWT"],
  told: { right: /^success/, none: /^error: .*credentials/, wrong: /^error: .*credentials/ },
  come: async ({ httpPort }, path, token) => {
    const [app, name] = path.split("/") as [string, string];
    const body = JSON.stringify(obsRequest(token === undefined ? name : `${name}?token=${token}`));
    // So many questions at once are not answered to one address.
    return await until("it is judged", async () => {
      const url = `http://127.0.0.1:${httpPort}/obs/multitrack?app=${app}`;
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body });
      const { status: { result, html_en_us: reason } } = await response.json();
      return reason?.includes("try again later") ? undefined : `${result}: ${reason}`;
    });
  },
};

const FOLLOWING_EVENTS: TableRow = {
  action: "api",
  kinds: API_KINDS,
  told: { right: /^200$/, none: /^401$/, wrong: /^401$/ },
  come: async ({ httpPort }, _path, token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/events`, { headers });
    await response.body?.cancel();
    return `${response.status}`;
  },
};

/** Offers to publish; whoever may leaves at once. */
function offering(body: string, right: RegExp): TableRow {
  return {
    action: "publish",
    kinds: STREAM_KINDS,
    told: { right, none: /^401$/, wrong: /^403$/ },
    come: async ({ httpPort }, path, token) => {
      const url = `http://127.0.0.1:${httpPort}/${path}/whip`;
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { ...authorization, "content-type": "application/sdp" };
      const response = await fetch(url, { method: "POST", headers, body });
      await response.body?.cancel();
      const location = response.headers.get("location");
      if (location === null) return `${response.status}`;
      const end = await fetch(new URL(location, url), { method: "DELETE", headers: authorization });
      await end.body?.cancel();
      return `${response.status}, ${end.status}`;
    },
  };
}

const UNAUTHORIZED = /^NetStream\.Publish\.Unauthorized$/;

/** All ways in and out, but for changes of a session, which needs one first. */
export const ROWS: Readonly<Record<string, TableRow>> = {
  "RTMP publish": {
    action: "publish",
    kinds: STREAM_KINDS,
    told: { right: /^NetStream\.Publish\.Start$/, none: UNAUTHORIZED, wrong: UNAUTHORIZED },
    come: publishRtmp,
  },
  "RTMP play": playing("RTMP", /^NetStream\.Play\.Start/),
  "HTTP-FLV": playing("HTTP-FLV", /^200$/),
  "WS-FLV": playing("WS-FLV", /^101$/),
  "WHEP POST": playing("WHEP", /^201$/),
  "WHIP POST": offering(PUBLISH_OFFERS.chromium, /^201, 200$/),
  "WHIP POST of no offer": offering("v=0\r\n", /^400$/),
  "OBS's question": ASKING_FOR_QUALITIES,
  "list": listing((response) => response.text(), "/api/v1/live"),
  "events of the list": listing(firstEvent, "/api/v1/live/events"),
  "API, events": FOLLOWING_EVENTS,
  "API, reading": asking("GET", "/api/v1/clients", /^200$/),
  "API, ending a client": asking("DELETE", "/api/v1/clients/0-zzzzzz", /^404$/),
  "API, reload": asking("PUT", "/api/v1/config", /^200$/, {}),
  "metrics": asking("GET", "/metrics", /^200$/),
};
