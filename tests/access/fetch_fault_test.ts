import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fetchFault, wasSent } from "../../src/access/fetch_fault.ts";

Deno.test("fetchFault: why nobody answered, without the URL", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const refused = await assertRejects(() => fetch(`http://127.0.0.1:${port}/hook?secret=s3cret`));
  assertMatch(fetchFault(refused), /^tcp connect error: .*refused/i);
  assertEquals(wasSent(refused), false);
  const scheme = await assertRejects(() => fetch("gopher://s3cret.example/"));
  assert(fetchFault(scheme).length > 0);
});

Deno.test("fetchFault: what has no cause speaks for itself", () => {
  assertEquals(fetchFault(new TypeError("no")), "no");
  assertEquals(fetchFault("gone"), "gone");
  assertEquals(fetchFault(new Error("at http://a/?token=x now")), "at the server now");
  assertEquals(fetchFault(new Error("x".repeat(999))).length, 200);
});

Deno.test("wasSent: a server that ends without an answer may have done what it was asked", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(4096));
  })();
  const broken = await assertRejects(() => {
    return fetch(`http://127.0.0.1:${listener.addr.port}/`, { method: "POST", body: "a" });
  });
  await serving;
  assertEquals(wasSent(broken), true);
});
