import { assertEquals } from "@std/assert";
import { endSession, postOffer } from "../../src/console/whep_signalling.js";

const TIMEOUT_MS = 10_000;

/** A server of one handler on a free port. */
function serve(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    url: (path: string) => `http://127.0.0.1:${server.addr.port}${path}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("postOffer sends SDP and reads the answer and the session's address", async () => {
  const locations = [
    ["/live/a/whep/7", "/live/a/whep/7"],
    ["whep/7", "/live/a/whep/7"],
    [null, undefined],
  ] as const;
  for (const [location, resource] of locations) {
    let asked = "";
    await using server = serve(async (request) => {
      asked = `${request.method} ${request.headers.get("content-type")} ${await request.text()}`;
      const headers = new Headers(location === null ? {} : { location });
      return new Response("v=0\r\n", { status: 201, headers });
    });
    assertEquals(await postOffer(server.url("/live/a/whep"), "offer", TIMEOUT_MS), {
      kind: "answer",
      sdp: "v=0\r\n",
      resource: resource && server.url(resource),
      events: undefined,
      layers: undefined,
    });
    assertEquals(asked, "POST application/sdp offer");
  }
});

Deno.test("postOffer turns refusals and a gateway that is away into failures", async () => {
  await using server = serve(() =>
    new Response("Full", { status: 503, headers: { "retry-after": "3" } })
  );
  assertEquals(await postOffer(server.url("/whep"), "offer", TIMEOUT_MS), {
    kind: "failure",
    failure: { kind: "network", detail: "Full", retryAfterMs: 3000 },
  });
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using silent = serve(() => promise);
  const late = await postOffer(silent.url("/whep"), "offer", 1);
  resolve(new Response());
  assertEquals(late, {
    kind: "failure",
    failure: { kind: "network", detail: "The gateway did not answer" },
  });
  assertEquals(await postOffer("http://127.0.0.1:1/whep", "offer", TIMEOUT_MS), {
    kind: "failure",
    failure: { kind: "network", detail: "The gateway cannot be reached" },
  });
});

Deno.test("endSession deletes the session, and does not mind when it is gone", async () => {
  const asked: string[] = [];
  await using server = serve((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response("gone", { status: 404 });
  });
  await endSession(server.url("/live/a/whep/7"));
  await endSession("http://127.0.0.1:1/whep/7");
  assertEquals(asked, ["DELETE /live/a/whep/7"]);
});
