import { assertEquals } from "@std/assert";
import {
  endPublication,
  patchSession,
  postPublication,
} from "../../src/console/whip_signalling.js";

const TIMEOUT_MS = 10_000;

/** A server of one handler on a free port. */
function serve(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    url: (path: string) => `http://127.0.0.1:${server.addr.port}${path}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("postPublication sends the offer with the token, and reads the session's address", async () => {
  for (const token of ["", "secret"]) {
    let asked: unknown;
    await using server = serve(async (request) => {
      const { method, headers } = request;
      asked = [method, headers.get("content-type"), headers.get("authorization")]
        .concat(await request.text());
      const location = "/live/a/whip/7";
      return new Response("v=0\r\n", { status: 201, headers: { location } });
    });
    assertEquals(await postPublication(server.url("/live/a/whip"), token, "offer", TIMEOUT_MS), {
      kind: "answer",
      sdp: "v=0\r\n",
      resource: server.url("/live/a/whip/7"),
    });
    assertEquals(asked, [
      "POST",
      "application/sdp",
      token === "" ? null : "Bearer secret",
      "offer",
    ]);
  }
});

Deno.test("postPublication turns refusals and a gateway that is away into failures", async () => {
  await using server = serve(() => new Response("Taken", { status: 409 }));
  assertEquals(await postPublication(server.url("/whip"), "", "offer", TIMEOUT_MS), {
    kind: "failure",
    failure: { kind: "taken", detail: "Taken" },
  });
  assertEquals(await postPublication("http://127.0.0.1:1/whip", "", "offer", TIMEOUT_MS), {
    kind: "failure",
    failure: { kind: "network", detail: "The gateway cannot be reached" },
  });
});

Deno.test("patchSession restarts whatever there is, and knows what is over from what may be tried again", async () => {
  let asked: unknown;
  let status = 200;
  await using server = serve(async (request) => {
    const { headers } = request;
    asked = [request.method, headers.get("if-match"), headers.get("authorization")]
      .concat([headers.get("content-type"), await request.text()]);
    return new Response("fragment", { status });
  });
  const session = { resource: server.url("/live/a/whip/7"), token: "secret" };
  const patch = () => patchSession(session, "mine", TIMEOUT_MS);
  assertEquals(await patch(), { kind: "restarted", fragment: "fragment" });
  assertEquals(asked, [
    ...["PATCH", "*", "Bearer secret"],
    ...["application/trickle-ice-sdpfrag", "mine"],
  ]);
  for (const [answered, kind] of [[404, "gone"], [412, "gone"], [503, "failed"]] as const) {
    status = answered;
    assertEquals(await patch(), { kind });
  }
  const away = { ...session, resource: "http://127.0.0.1:1/" };
  assertEquals(await patchSession(away, "mine", TIMEOUT_MS), { kind: "failed" });
});

Deno.test("endPublication deletes the session with its token, and does not mind when it is gone", async () => {
  const asked: unknown[] = [];
  await using server = serve(({ method, headers }) => {
    asked.push([method, headers.get("authorization")]);
    return new Response("gone", { status: 404 });
  });
  await endPublication(server.url("/live/a/whip/7"), "secret");
  await endPublication("http://127.0.0.1:1/whip/7", "");
  assertEquals(asked, [["DELETE", "Bearer secret"]]);
});
