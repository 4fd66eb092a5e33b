/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { OddPublisher, oddRecording } from "../interop/odd_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

const PATIENCE_MS = 60_000;

/** Notes each state that the page's player shows from now on. */
function watchStates(page: Page): Promise<void> {
  return page.evaluate(() => {
    const player = document.querySelector("#player") as HTMLElement;
    const states = [player.dataset.state];
    new MutationObserver(() => states.push(player.dataset.state))
      .observe(player, { attributes: true, attributeFilter: ["data-state"] });
    Object.assign(globalThis, { states });
  });
}

/** Keeps hold of the page's WebRTC connections, whose media the video element counts nothing of. */
async function keepPeers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const peers: RTCPeerConnection[] = [];
    Object.assign(globalThis, { peers });
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        peers.push(this);
      }
    };
  });
}

/** What was decoded of a kind: bytes of FLV, or frames and samples of WebRTC. */
function decoded(page: Page, kind: "Audio" | "Video"): Promise<number> {
  return page.evaluate(async (kind) => {
    const video = document.querySelector("video") as unknown as Record<string, number>;
    let count = video[`webkit${kind}DecodedByteCount`] ?? 0;
    const { peers } = globalThis as unknown as { peers: RTCPeerConnection[] };
    const newest = peers.at(-1);
    for (const report of (await newest?.getStats())?.values() ?? []) {
      if (report.type !== "inbound-rtp" || report.kind !== kind.toLowerCase()) continue;
      count += report.framesDecoded ??
        (report.totalAudioEnergy > 0 ? report.totalSamplesReceived : 0);
    }
    return count;
  }, kind);
}

/** Waits for more of a kind to be decoded than was. */
async function decodesMore(page: Page, kind: "Audio" | "Video"): Promise<void> {
  const before = await decoded(page, kind);
  await until(`${kind} is decoded`, async () => await decoded(page, kind) > before);
}

Deno.test({
  name: "Chromium: over each transport, the page takes up a track that comes late",
  ignore: chromiumMissing(),
}, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using browser = await launchChromium();
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await keepPeers(page);
  const recording = await oddRecording("sound_from_4s");
  const swapped = await soundFirst();
  for (const transport of ["http-flv", "ws-flv", "webrtc"] as const) {
    for (
      const [what, source, first, late] of [
        ["sound", recording, "Video", "Audio"],
        ["pictures", swapped, "Audio", "Video"],
      ] as const
    ) {
      await t.step(`${what} over ${transport}`, async () => {
        const path = `live/${what}_${transport}`;
        await using publisher = await OddPublisher.publish(gateway, source, { path });
        await page.goto(`http://127.0.0.1:${gateway.httpPort}/#${path}?via=${transport}`);
        await page.reload();
        await page.locator('#player[data-state="playing"]').waitFor();
        await decodesMore(page, first);
        await watchStates(page);
        await decodesMore(page, late);
        await decodesMore(page, first);
        const states = await page.evaluate(() =>
          (globalThis as unknown as { states: string[] }).states
        );
        // WebRTC cannot add pictures to what was answered: the page comes again by itself.
        const mayBeSeen = transport === "webrtc" && what === "pictures";
        const isSeen = states.some((state) => state === "retrying" || state === "failed");
        assertEquals(isSeen && !mayBeSeen, false, states.join(" "));
        await publisher[Symbol.asyncDispose]();
      });
    }
  }
});

/** Sound from the beginning, and pictures only from 4 s on. */
async function soundFirst() {
  const recording = await oddRecording("adts_and_aac_header");
  const isLate = (kind: string) => kind === "key frame" || kind === "inter frame";
  const tags = recording.tags.filter(({ kind, timestampMs }) =>
    timestampMs >= 4000 || !isLate(kind)
  );
  return { ...recording, tags };
}
