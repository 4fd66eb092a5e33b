/** Who is let in by which way, as a table; and credentials of each kind that fit, or do not. */
import { signUrl } from "../../src/access/signed_url.ts";
import { makeKey } from "../../testing/stream_key.ts";
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

/** Changes of a session, or its end. */
export function sessionRow(method: "PATCH" | "DELETE", location: string): TableRow {
  return {
    action: "play",
    kinds: STREAM_KINDS,
    told: { right: /^20[04]$/, none: /^401$/, wrong: /^403$/ },
    come: async ({ httpPort }, _path, token) => {
      const body = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";
      // Over a connection of its own, which the kernel gives to any shard.
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const response = await fetch(`http://127.0.0.1:${httpPort}${location}`, {
        client,
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(method === "PATCH" && { "content-type": "application/trickle-ice-sdpfrag" }),
        },
        ...(method === "PATCH" && { body }),
      });
      await response.body?.cancel();
      return `${response.status}`;
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
  "API, reading": asking("GET", "/api/v1/clients", /^200$/),
  "API, ending a client": asking("DELETE", "/api/v1/clients/0-zzzzzz", /^404$/),
  "API, reload": asking("PUT", "/api/v1/config", /^200$/, {}),
  "metrics": asking("GET", "/metrics", /^200$/),
};
