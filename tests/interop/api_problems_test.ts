/** What the API of the real program answers to what it refuses, and what its document says of it. */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { SCHEMAS } from "../../src/api/schemas.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";

const TOKEN = "0123456789abcdef-token";
const WITH = `Authorization: Bearer ${TOKEN}`;

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

/** The answer to a request as it is written. */
async function ask({ httpPort }: GatewayProcess, head: string, body = ""): Promise<Answer> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
  const request = `${head}\r\nHost: localhost\r\nConnection: close\r\n\r\n${body}`;
  await conn.write(new TextEncoder().encode(request));
  const decoder = new TextDecoder();
  let got = "";
  for (const buffer = new Uint8Array(16_384);;) {
    const length = await conn.read(buffer);
    if (length === null) break;
    got += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  const [fields, text] = got.split("\r\n\r\n") as [string, string];
  return {
    status: Number(fields.split(" ")[1]),
    type: /^content-type: ([^;\r\n]*)/im.exec(fields)?.[1],
    text,
  };
}

/** What is refused: with which status, in which operation of the document, and the request. */
const REFUSED: readonly [status: number, path: string, request: string, body?: string][] = [
  ...[
    ["server", "server"],
    ["shards", "shards"],
    ["summaries", "summaries"],
    ["streams", "streams"],
    ["streams/{app}/{name}", "streams/live/a"],
    ["clients", "clients"],
    ["clients/{id}", "clients/0-a"],
    ["events", "events"],
  ].map(([path, target]): [number, string, string] => {
    return [401, `/api/v1/${path}`, `GET /api/v1/${target} HTTP/1.1`];
  }),
  [401, "/metrics", "GET /metrics HTTP/1.1\r\nAuthorization: Bearer x"],
  [401, "/api/v1/config", "PUT /api/v1/config HTTP/1.1\r\nContent-Length: 2", "{}"],
  [403, "/api/v1/streams", `GET /api/v1/streams HTTP/1.1\r\n${WITH}\r\nOrigin: http://x.example`],
  [404, "/api/v1/streams/{app}/{name}", `GET /api/v1/streams/live/none HTTP/1.1\r\n${WITH}`],
  [404, "/api/v1/streams/{app}/{name}", `DELETE /api/v1/streams/live/none HTTP/1.1\r\n${WITH}`],
  [404, "/api/v1/clients/{id}", `GET /api/v1/clients/0-zzz HTTP/1.1\r\n${WITH}`],
  [404, "/api/v1/clients/{id}", `DELETE /api/v1/clients/0-zzz HTTP/1.1\r\n${WITH}`],
  [400, "/api/v1/streams", `GET /api/v1/streams?page=x HTTP/1.1\r\n${WITH}`],
  [400, "/api/v1/clients", `GET /api/v1/clients?page=0 HTTP/1.1\r\n${WITH}`],
  [400, "/api/v1/live", "GET /api/v1/live?page=-1 HTTP/1.1"],
  [404, "/api/v1/streams", `GET /api/v1/streams?page=99 HTTP/1.1\r\n${WITH}`],
  [404, "/api/v1/live", "GET /api/v1/live?page=99 HTTP/1.1"],
  [400, "/api/v1/events", `GET /api/v1/events?of=x HTTP/1.1\r\n${WITH}`],
  [400, "/api/v1/config", `PUT /api/v1/config HTTP/1.1\r\n${WITH}\r\nContent-Length: 1`, "{"],
  [413, "/api/v1/config", `PUT /api/v1/config HTTP/1.1\r\n${WITH}\r\nContent-Length: 99999999`],
  [413, "/obs/multitrack", "POST /obs/multitrack HTTP/1.1\r\nContent-Length: 99999999"],
];

/** What no operation is for. */
const ELSEWHERE: readonly [status: number, request: string][] = [
  [404, "GET /api/v1/none HTTP/1.1"],
  [404, "GET /api/v2/streams HTTP/1.1"],
  [405, "POST /api/v1/streams HTTP/1.1"],
  [405, "GET /api/v1/config HTTP/1.1"],
  [405, "DELETE /metrics HTTP/1.1"],
  [405, "PUT /healthz HTTP/1.1"],
  [405, "DELETE /readyz HTTP/1.1"],
  [405, "GET /obs/multitrack HTTP/1.1"],
];

Deno.test("what the API refuses is told in a line of text, as its document says", async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { adminToken: TOKEN },
  });
  const { paths, components } = JSON.parse(
    (await ask(gateway, "GET /api/v1/openapi.json HTTP/1.1")).text,
  );
  assertEquals(components.schemas.Problem.type, "string");
  const isProblem = ({ type, text }: Answer) => {
    assertEquals(type, "text/plain");
    v.parse(SCHEMAS.Problem, text);
  };
  for (const [status, path, request, body] of REFUSED) {
    await t.step(`${status}: ${request.split("\r\n")[0]}`, async () => {
      const answer = await ask(gateway, request, body);
      assertEquals(answer.status, status, answer.text);
      isProblem(answer);
      const { responses } = paths[path][request.split(" ")[0]!.toLowerCase()];
      const { content } = responses[status];
      assertEquals(content["text/plain"].schema.$ref, "#/components/schemas/Problem");
    });
  }
  for (const [status, request] of ELSEWHERE) {
    await t.step(`${status}: ${request}`, async () => {
      const answer = await ask(gateway, request);
      assertEquals(answer.status, status);
      isProblem(answer);
    });
  }
  assert(!gateway.output().includes(TOKEN));
});
