import { SignJWT } from "jose";
import {
  commandsOf,
  publisherPreamble,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
} from "../../testing/rtmp/client.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { until } from "../../testing/waiting.ts";
import { amfProperty } from "../../src/amf/amf_value.ts";

/** Where a gateway is reached. */
export interface Reached {
  readonly rtmpPort: number;
  readonly httpPort: number;
}

/** Tries to come in with a token, or without one, and tells what it is told: a status or its code. */
export type Way = (gateway: Reached, path: string, token?: string) => Promise<string>;

/** "app" and "name?token=…" of a path. */
function rtmpName(path: string, token: string | undefined): [app: string, name: string] {
  const [app, name] = path.split("/") as [string, string];
  return [app, token === undefined ? name : `${name}?token=${token}`];
}

/** Publishes nothing, and tells the first status. */
export const publishRtmp: Way = async ({ rtmpPort }, path, token) => {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort });
  const [app, name] = rtmpName(path, token);
  await conn.write(publisherPreamble({ app, name }));
  const replies = new ServerReplies();
  const buffer = new Uint8Array(8192);
  let handshakeLeft = SERVER_HANDSHAKE_LENGTH;
  for (;;) {
    const length = await conn.read(buffer);
    if (length === null) return "ended";
    const handshake = Math.min(handshakeLeft, length);
    handshakeLeft -= handshake;
    for (const { name, args } of commandsOf(replies.read(buffer.slice(handshake, length)))) {
      if (name === "onStatus") return `${amfProperty(args[1], "code")}`;
    }
  }
};

const playRtmp: Way = async ({ rtmpPort }, path, token) => {
  const [app, name] = rtmpName(path, token);
  using player = await RtmpPlayerClient.connect(rtmpPort, app);
  await player.command(1, "play", name);
  const isAnswer = (told: string) => /Play\.(Start|Failed|StreamNotFound)|Unauthorized/.test(told);
  return await until("an answer", () => player.told.find(isAnswer) ?? (player.isEnded && "ended"));
};

/** Sends a request, and tells the status of the answer. */
async function statusOf(httpPort: number, request: string): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
  await conn.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(64);
  const length = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0)).split(" ")[1] ?? "none";
}

const query = (token: string | undefined) => token === undefined ? "" : `?token=${token}`;
const bearer = (token: string | undefined) =>
  token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const playFlv: Way = ({ httpPort }, path, token) =>
  statusOf(httpPort, `GET /${path}.flv${query(token)} HTTP/1.1\r\nHost: a\r\n\r\n`);

const playWebSocket: Way = ({ httpPort }, path, token) =>
  statusOf(httpPort, `GET /${path}.flv${query(token)} HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);

const playWhep: Way = ({ httpPort }, path, token) =>
  statusOf(
    httpPort,
    `POST /${path}/whep HTTP/1.1\r\nHost: a\r\n${bearer(token)}Content-Type: application/sdp\r\n` +
      `Content-Length: ${OFFERS.chromium.length}\r\n\r\n${OFFERS.chromium}`,
  );

/** Every way to watch, and what each tells whom it lets in. */
export const WAYS_TO_PLAY: Readonly<Record<string, { readonly way: Way; readonly isIn: RegExp }>> =
  {
    "RTMP": { way: playRtmp, isIn: /^NetStream\.Play\.Start/ },
    "HTTP-FLV": { way: playFlv, isIn: /^200$/ },
    "WS-FLV": { way: playWebSocket, isIn: /^101$/ },
    "WHEP": { way: playWhep, isIn: /^201$/ },
  };

/** Asks the API for something, by a token. */
export async function api(
  { httpPort }: Reached,
  method: string,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: unknown } = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** A token that a secret signs, for some seconds or expired some seconds ago. */
export function signJwt(
  secret: string,
  claims: Readonly<Record<string, unknown>>,
  seconds = 60,
): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + seconds;
  return new SignJWT({ exp, ...claims }).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}
