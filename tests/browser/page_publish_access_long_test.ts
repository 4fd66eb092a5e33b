/// <reference lib="dom" />
/** The page's publisher says in plain words why it may not, and what would let it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { SignJWT } from "jose";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { goLive, waitForState } from "./page_publisher.ts";

const SECRET = "a-secret-for-hs256-of-at-least-32-bytes";
const ARTEFACTS = new URL("../artefacts/", import.meta.url);
const PATIENCE_MS = 20_000;

const ignore = chromiumMissing();

const OUTER_LISTEN_ARGS = [
  ...["--host", "0.0.0.0", "--rtmp-port", "0", "--http-port", "0", "--webrtc-port", "0"],
  ...["--rtmps-port", "0", "--https-port", "0"],
];

function tokenFor(path: string): Promise<string> {
  return new SignJWT({ publish: [path] })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + 600)
    .sign(new TextEncoder().encode(SECRET));
}

Deno.test(
  { name: "the page publishes with a token, typed or of its address", ignore },
  async (t) => {
    await using gateway = await startGateway({
      args: ["--log-level", "debug"],
      config: { access: { jwt: { secret: SECRET }, otherwise: { play: "allow" } } },
    });
    await using browser = await launchChromium({ hasCamera: true });
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    const token = await tokenFor("live/me");
    const isLive = async () => {
      const response = await fetch(gateway.httpUrl("/api/v1/live"));
      const { streams } = await response.json();
      return streams.some((stream: { name: string; state: string }) => stream.state === "live");
    };

    await t.step("without one it is told to enter one", async () => {
      await page.goto(gateway.httpUrl("/"));
      await tryToGoLive(page, "me");
      assertMatch(await status(page), /^Not live: .*Enter the stream's key or a token/);
    });
    await t.step("with another stream's it is told so", async () => {
      await page.getByLabel("Stream key or token").fill(await tokenFor("live/other"));
      await tryToGoLive(page, "me");
      assertMatch(await status(page), /^Not live: /);
    });
    await t.step("with the right one it is live, and its end ends it at the gateway", async () => {
      await page.getByLabel("Stream key or token").fill(token);
      await goLive(page, "me");
      await until("it is live", isLive);
      const link = await page.locator("#watch-link").innerText();
      assert(!link.includes(token), link);
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await until("it is over", async () => !await isLive());
    });
    await t.step("with one in the page's address, too; and leaving the page ends it", async () => {
      await page.goto(gateway.httpUrl(`/?token=${token}`));
      await goLive(page, "me");
      await until("it is live", isLive);
      const sinceMs = performance.now();
      await page.goto("about:blank");
      await until("it is over", async () => !await isLive());
      assert(performance.now() - sinceMs < 2000);
    });
    for (const line of gateway.output().split("\n")) {
      assertEquals(
        line.includes(token),
        false,
        line,
      );
    }
  },
);

Deno.test({ name: "a name that is taken is told; there is another", ignore }, async () => {
  await using gateway = await startGateway();
  await using browser = await launchChromium({ hasCamera: true });
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(gateway.httpUrl("/"));
  await goLive(page, "me");
  await until("it sends", async () => (await gateway.stream("live/me"))?.video);
  const second = await page.context().newPage();
  second.setDefaultTimeout(PATIENCE_MS);
  await second.goto(gateway.httpUrl("/"));
  await tryToGoLive(second, "me");
  assertMatch(await status(second), /^Not live: .*live\/me/);
  await goLive(second, "me too");
  await until("both are live", async () => (await gateway.stream("live/me too"))?.video);
  assertEquals((await gateway.stream("live/me"))?.state, "live");
});

Deno.test({ name: "where there is no room the page waits for it", ignore }, async () => {
  await using gateway = await startGateway({
    config: { limits: { streams: 1 }, gracePeriodMs: 0 },
  });
  await using browser = await launchChromium({ hasCamera: true });
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(gateway.httpUrl("/"));
  await goLive(page, "me");
  await until("it sends", async () => (await gateway.stream("live/me"))?.video);
  const second = await page.context().newPage();
  second.setDefaultTimeout(PATIENCE_MS);
  await second.goto(gateway.httpUrl("/"));
  await second.getByLabel("Stream name").fill("other");
  await second.getByRole("button", { name: "Go live" }).click();
  await waitForState(second, "retrying");
  assertMatch(await status(second), /^There may be up to 1 stream.*trying again in \d+ s$/);
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await waitForState(second, "live");
});

Deno.test(
  { name: "a page that is not secure says what is missing, and where it is", ignore },
  async () => {
    await using gateway = await startGateway({
      args: ["--tls", "self-signed"],
      listenArgs: OUTER_LISTEN_ARGS,
    });
    await using browser = await launchChromium({ hasCamera: true, ignoreHTTPSErrors: true });
    const { page, faults } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    const outer =
      Deno.networkInterfaces().find(({ family, address }) =>
        family === "IPv4" && !address.startsWith("127.")
      )!.address;
    await page.goto(`http://${outer}:${gateway.httpPort}/`);
    const link = page.locator("#publish-secure-link");
    await link.waitFor();
    const controls = page.locator("#publish-controls");
    const obstacle = page.locator("#publish-obstacle");
    assertEquals([await controls.isVisible(), await obstacle.isVisible()], [false, false]);
    await Deno.mkdir(ARTEFACTS, { recursive: true });
    await Deno.writeFile(
      new URL("console-publish-insecure.png", ARTEFACTS),
      await page.screenshot(),
    );
    assertEquals(await link.innerText(), `https://${outer}:${gateway.httpsPort}/`);
    await link.click();
    await controls.waitFor();
    assertEquals(await link.isVisible(), false);
    await goLive(page, "me");
    await until("it is live", async () => (await gateway.stream("live/me"))?.video);
    assertEquals(faults, []);
    await using plain = await startGateway({ listenArgs: OUTER_LISTEN_ARGS });
    await page.goto(`http://${outer}:${plain.httpPort}/`);
    await page.getByText("Camera and screen need https (setting tls, or").waitFor();
  },
);

async function tryToGoLive(page: Page, name: string): Promise<void> {
  await page.getByLabel("Stream name").fill(name);
  const answered = page.waitForResponse((response) => response.url().endsWith("/whip"));
  await page.getByRole("button", { name: "Go live" }).click();
  await answered;
  await waitForState(page, "failed");
}

async function status(page: Page): Promise<string> {
  return await page.locator("#publish-status").innerText();
}
