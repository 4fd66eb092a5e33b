/// <reference lib="dom" />
/** A page with nothing but the plain API of browsers, against a gateway's WebTransport. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Page } from "playwright-core";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

const ignore = chromiumMissing();
const PATH = "live/test";
const KEYED = "live/keyed";
const { key: KEY, hash: KEY_HASH } = makeKey("viewer");
/** More than an address may have at once, and more streams than Deno once gave back in a session. */
const SESSIONS = 150;

const ACCESS = {
  keys: [{
    id: "viewer",
    hash: KEY_HASH,
    paths: [KEYED],
    actions: ["play"],
  }],
  rules: [
    { decision: "allow", paths: [PATH, "live/none"] },
    { decision: "allow", actions: ["publish"], paths: [KEYED] },
  ],
};

/** Watches until `bytes` have come, or the session has ended; leaves then. Runs in the page. */
async function watch(page: Page, gateway: GatewayProcess, path: string, bytes: number) {
  const facts = await (await fetch(gateway.httpUrl("/api/v1/webtransport"))).json();
  return await page.evaluate(async ({ path, bytes, port, hashes }) => {
    const session = new WebTransport(`https://127.0.0.1:${port}/${path}`, {
      serverCertificateHashes: hashes.map((hash: string) => ({
        algorithm: "sha-256",
        value: Uint8Array.from(atob(hash), (character) => character.charCodeAt(0)),
      })),
    });
    await session.ready;
    let first: number[] = [];
    let received = 0;
    try {
      const { value: stream } = await session.incomingUnidirectionalStreams.getReader().read();
      const pieces = stream!.getReader();
      while (received < bytes) {
        const { done, value } = await pieces.read();
        if (done) break;
        if (received === 0) first = [...value.subarray(0, 3)];
        received += value.length;
      }
      session.close();
    } catch {
      // The session's end says why.
    }
    const { closeCode, reason } = await session.closed;
    return { received, first, closeCode, reason: reason ?? "" };
  }, { path, bytes, port: facts.port, hashes: facts.certificateHashes });
}

Deno.test(
  { name: "WebTransport in a page: FLV comes, and refusals have codes", ignore },
  async (t) => {
    await using gateway = await startGateway({ config: { access: ACCESS } });
    await using _open = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
    await using _keyed = publishWithFfmpeg({ url: gateway.rtmpUrl(KEYED) });
    await using browser = await launchChromium();
    const { page } = browser;
    await page.goto(gateway.httpUrl("/healthz"));
    await until("both are live", async () => {
      const streams = await Promise.all([PATH, KEYED].map((path) => gateway.stream(path)));
      return streams.every((stream) => stream?.video !== undefined);
    });

    for (const path of [PATH, `${PATH}.flv`, `${KEYED}?token=${KEY}`]) {
      await t.step(path.replace(KEY, "KEY"), async () => {
        const told = await watch(page, gateway, path, 50_000);
        assertEquals(String.fromCharCode(...told.first), "FLV", JSON.stringify(told));
        assertGreater(told.received, 50_000 - 1);
      });
    }
    for (
      const [path, code, reason] of [
        [KEYED, 401, ""],
        [`${KEYED}?token=wrong-wrong-wrong`, 403, ""],
        ["live/none", 404, "The stream live/none is not live"],
        [`${PATH}?vtrack=x`, 400, "A track's number"],
      ] as const
    ) {
      await t.step(`${path} is refused with ${code}`, async () => {
        const told = await watch(page, gateway, path, 1);
        assertEquals(told.closeCode, code, JSON.stringify(told));
        assert(told.reason.includes(reason) && told.reason !== "", told.reason);
      });
    }
    await t.step("one session after the other, and places come back", async () => {
      for (let at = 0; at < SESSIONS; at++) {
        const told = await watch(page, gateway, PATH, 1000);
        assertGreater(told.received, 999, `session ${at}`);
      }
      await until("all have left", async () => {
        return (await gateway.stream(PATH))?.viewers === 0;
      });
    });
  },
);
