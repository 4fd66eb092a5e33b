/// <reference lib="dom" />
/** The page's publisher goes on by itself: over another path, or in another session. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { goLive, publisherState, waitForState } from "./page_publisher.ts";

const ADMIN_TOKEN = "an-admin-token-for-tests";
const PATIENCE_MS = 60_000;
/** From a path that broke to media over another. Chromium by itself takes five seconds to notice. */
const MAX_MENDED_MS = 4000;

const ignore = chromiumMissing();

Deno.test({
  name: "where its path breaks the page goes on over another, in the same session",
  ignore: ignore || lossyNetworkMissing(),
}, async () => {
  const module = new URL("page_publish_path_watch.ts", import.meta.url);
  const told = await runInLossyNetwork(module, []);
  const { requests, mendedMs, isSame, state } = JSON.parse(told);
  assertEquals([isSame, state], [true, "live"], told);
  assertEquals(requests[0], "POST 201", told);
  assertEquals(new Set(requests.slice(1)), new Set(["PATCH 200"]), told);
  assert(mendedMs < MAX_MENDED_MS, told);
});

Deno.test({ name: "a browser that is online again looks for a path at once", ignore }, async () => {
  await using gateway = await startGateway();
  await using browser = await launchChromium({ hasCamera: true });
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(gateway.httpUrl("/"));
  await goLive(page, "me");
  for (let turn = 0; turn < 2; turn++) {
    const patched = page.waitForResponse((response) => response.request().method() === "PATCH");
    await until("it may look again", async () => {
      await page.evaluate(() => dispatchEvent(new Event("online")));
      return await Promise.race([patched, Promise.resolve(undefined)]);
    });
    assertEquals((await patched).status(), 200);
  }
  assertEquals(await publisherState(page), "live");
  const bytes = async () => {
    const { clients } = await (await fetch(gateway.httpUrl("/api/v1/clients"))).json();
    return clients[0].bytes;
  };
  const before = await bytes();
  await until("it sends on", async () => await bytes() > before + 50_000);
  assertEquals(faults, []);
});

Deno.test(
  { name: "the page publishes again by itself after a restart of the gateway", ignore },
  async () => {
    await using before = await startGateway();
    const ports = {
      "--rtmp-port": before.rtmpPort,
      "--http-port": before.httpPort,
      "--webrtc-port": before.webrtcPorts[0],
    };
    await using browser = await launchChromium({ hasCamera: true });
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(before.httpUrl("/"));
    await goLive(page, "me");
    await until("it sends", async () => (await before.stream("live/me"))?.video);
    await before.stop("SIGKILL");
    await waitForState(page, "retrying");
    await page.getByText(/trying again in \d+ s/).waitFor();
    const listenArgs = ["--host", "127.0.0.1", ...Object.entries(ports).flat().map(String)];
    await using after = await startGateway({ listenArgs });
    await waitForState(page, "live");
    await until("it sends again", async () => (await after.stream("live/me"))?.video);
  },
);

Deno.test(
  { name: "whom the administrator ends the page is told, and comes again", ignore },
  async () => {
    await using gateway = await startGateway({ config: { adminToken: ADMIN_TOKEN } });
    const ask = async (path: string, method = "GET") => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      return await (await fetch(gateway.httpUrl(`/api/v1/${path}`), { method, headers })).json();
    };
    const publisher = async () => (await ask("clients")).clients[0]?.id;
    await using browser = await launchChromium({ hasCamera: true });
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/"));
    await goLive(page, "me");
    const first = await publisher();
    assertEquals((await ask(`clients/${first}`, "DELETE")).code, 0);
    await page.getByText("The gateway has ended the session").waitFor();
    await waitForState(page, "live");
    await until("it is another session", async () => {
      const now = await publisher();
      return now !== undefined && now !== first;
    });
  },
);
