import { concat } from "@std/bytes/concat";
import { Opcode } from "../../src/http/websocket.ts";
import type { Attack } from "./attack.ts";
import { Flood } from "./flood.ts";
import { repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

const encoder = new TextEncoder();

const GET = encoder.encode("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");

/** A stream that is there: that of the bystanders. */
const UPGRADE = encoder.encode(
  "GET /live/bystanders.flv?video=0 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" +
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);

/** Without a payload; masked, as a client's frames are. */
const PING = Uint8Array.of(0x80 | Opcode.ping, 0x80, 0, 0, 0, 0);

const times = (count: number, bytes: Uint8Array<ArrayBuffer>) => Array(count).fill(bytes);

/** Requests one behind the other, without waiting for answers. */
export const PIPELINED_REQUESTS_ATTACK: Attack = threadAttack({
  name: "pipelined HTTP requests",
  flood: ({ httpPort }, peers) =>
    Flood.overTcp(httpPort, { openings: times(peers, GET), payload: repeated(GET) }),
});

/** Pings of a WebSocket, each of which is answered. */
export const WEBSOCKET_PINGS_ATTACK: Attack = threadAttack({
  name: "WebSocket pings",
  flood: ({ httpPort }, peers) =>
    Flood.overTcp(httpPort, {
      openings: times(peers, UPGRADE),
      payload: repeated(PING),
      answerBytes: 100,
    }),
});

/** One byte in each packet of TCP would be slower; in each chunk of a body there may be one. */
export const HTTP_BODY_ATTACK: Attack = threadAttack({
  name: "request bodies in chunks of 1 byte",
  flood: ({ httpPort }, peers) => {
    const head = encoder.encode(
      "POST /live/bystanders/whep HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n",
    );
    const chunks = repeated(encoder.encode("1\r\na\r\n"), 30_000);
    const payload = concat([head, chunks, encoder.encode("0\r\n\r\n")]);
    return Flood.overTcp(httpPort, { openings: times(peers, GET), payload });
  },
});
