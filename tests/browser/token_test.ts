/// <reference lib="dom" />
/** Chromium watches with a token: in a header by WHEP, and in the page's own address by the page. */
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { SignJWT } from "jose";
import type { ClientSummary } from "../../src/shard/http/api/client_summary.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { postWhepOffer, watchByWhep } from "./whep_viewer.ts";

/** From the request to the end of whom it is about. */
const MAX_END_MS = 1000;

const SECRET = "a-secret-for-hs256-of-at-least-32-bytes";
const ADMIN_TOKEN = "an-admin-token-for-tests";
const PATIENCE_MS = 20_000;

/** A token that lets its bearer play one stream. */
function tokenFor(path: string, validS = 600): Promise<string> {
  return new SignJWT({ play: [path] })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + validS)
    .sign(new TextEncoder().encode(SECRET));
}

Deno.test({ name: "Chromium watches with a token", ignore: chromiumMissing() }, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--log-level", "debug"],
    config: {
      adminToken: ADMIN_TOKEN,
      access: { jwt: { secret: SECRET }, otherwise: { publish: "allow" } },
    },
  });
  await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl("live/test") });
  const ask = async (path: string, method = "GET") => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const response = await fetch(gateway.httpUrl(`/api/v1/${path}`), { method, headers });
    return await response.json().catch(() => undefined);
  };
  await until("the stream has pictures", async () => {
    return (await ask("streams/live/test"))?.stream?.video;
  });
  const token = await tokenFor("live/test");
  await using browser = await launchChromium();
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await t.step("in a header by WHEP, and whoever has none is told so", async () => {
    const refused = await postWhepOffer(page, gateway, "live/test");
    assertEquals(refused.kind === "refused" && refused.status, 401);
    const other = await tokenFor("live/other");
    const wrong = await postWhepOffer(page, gateway, "live/test", { token: other });
    assertEquals(wrong.kind === "refused" && wrong.status, 403);
    const viewer = await watchByWhep(page, gateway, "live/test", { token });
    await viewer.moreFrames(10);
    const without = await page.evaluate(async (location) => {
      return (await fetch(location, { method: "DELETE" })).status;
    }, viewer.location);
    assertEquals(without, 401);
    await viewer.moreFrames(10);
    assertEquals(await viewer.leave(), 200);
  });
  await t.step("the administrator sees how it fares over WebRTC, and ends it", async () => {
    const viewer = await watchByWhep(page, gateway, "live/test", { token });
    await viewer.moreFrames(10);
    let client: ClientSummary | undefined;
    await until("it has reported", async () => {
      const { clients }: { clients: ClientSummary[] } = await ask("clients");
      client = clients.find(({ protocol }) => protocol === "whep");
      return client?.roundTripMs !== null && client?.lossFraction !== null;
    });
    const { id, userAgent, path, bytes, packetsLost, lagMs } = client!;
    assertEquals([path, packetsLost], ["live/test", 0]);
    assertStringIncludes(userAgent!, "HeadlessChrome");
    assert(bytes > 10_000 && lagMs !== null && lagMs < 1000, JSON.stringify(client));
    const sinceMs = performance.now();
    assertEquals((await ask(`clients/${id}`, "DELETE")).code, 0);
    assertEquals(await ask(`clients/${id}`), undefined);
    // The browser itself notices when its next checks are not answered.
    assertEquals(await viewer.leave(), 404);
    assertLess(performance.now() - sinceMs, MAX_END_MS);
  });
  for (const via of ["http-flv", "ws-flv", "webrtc"]) {
    await t.step(`in the page's address, which plays by ${via}`, async () => {
      await page.goto("about:blank");
      await page.goto(gateway.httpUrl(`/?token=${token}#live/test?via=${via}`));
      await page.locator('#player[data-state="playing"]').waitFor();
      await page.locator('tr[data-stream="live/test"]').waitFor();
    });
    await t.step(`without one the page says that nothing is played by ${via}`, async () => {
      await page.goto("about:blank");
      await page.goto(gateway.httpUrl(`/#live/test?via=${via}`));
      await page.locator('#player[data-state="refused"]').waitFor();
      const notice = await page.locator("#notice-title").textContent();
      assertEquals(notice, "You may not watch this");
      assertStringIncludes((await page.locator("#notice-detail").textContent())!, "oken");
      assertEquals(await page.locator('tr[data-stream="live/test"]').count(), 0);
    });
  }
  for (const line of gateway.output().split("\n")) assertEquals(line.includes(token), false, line);
});
