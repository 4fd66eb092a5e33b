/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

Deno.test({
  name: "a page from elsewhere may send credentials and conditions to WHEP and FLV, in Chromium",
  ignore: chromiumMissing(),
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using elsewhere = await startGateway({ args: ["--shards", "1"] });
    await using browser = await launchChromium();
    await browser.page.goto(elsewhere.httpUrl("/healthz"));
    const statuses = await browser.page.evaluate(
      async ([whep, viewer, flv]) => {
        const authorization = "Bearer token";
        const type = { "content-type": "application/sdp" };
        const requests: [string, RequestInit][] = [
          [whep, { method: "POST", headers: { ...type, authorization }, body: "v=0" }],
          [viewer, { method: "PATCH", headers: { ...type, authorization, "if-match": "*" } }],
          [viewer, { method: "DELETE", headers: { authorization } }],
          [flv, { headers: { authorization, "x-anything": "else" } }],
        ];
        return await Promise.all(requests.map(async ([url, init]) => {
          const { status, headers } = await fetch(url, init);
          return [status, headers.get("retry-after")];
        }));
      },
      [
        gateway.httpUrl("/live/none/whep"),
        gateway.httpUrl("/live/none/whep/0.none"),
        gateway.httpUrl("/live/none.flv"),
      ] as const,
    );
    // There is nothing to be had, which the page is told, and when to ask again.
    assertEquals(statuses, [[404, "2"], [404, null], [404, null], [404, null]]);
  },
});
