/// <reference lib="dom" />
/** Pages that restart ICE, and for how long media stand still meanwhile. */
import type { Page } from "playwright-core";

interface SignalledPage {
  readonly peer: RTCPeerConnection;
  readonly location: string;
}

/** Restarts the ICE of a page's publisher or viewer by PATCH; the status of the answer. */
export async function restartIce(page: Page, which: "whip" | "whep"): Promise<number> {
  return await page.evaluate(async (which) => {
    const { peer, location } = (globalThis as unknown as Record<string, SignalledPage>)[which]!;
    const lineOf = (name: string, text: string) =>
      new RegExp(`^a=${name}:.*\r\n`, "m").exec(text)![0];
    const names = ["ice-ufrag", "ice-pwd"];
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    const offer = peer.localDescription!.sdp;
    const response = await fetch(location, {
      method: "PATCH",
      headers: { "content-type": "application/trickle-ice-sdpfrag", "if-match": "*" },
      body: names.map((name) => lineOf(name, offer)).join(""),
    });
    const fragment = await response.text();
    if (response.status !== 200) return response.status;
    let sdp = peer.remoteDescription!.sdp;
    for (const name of names) {
      sdp = sdp.replaceAll(new RegExp(`^a=${name}:.*\r\n`, "gm"), lineOf(name, fragment));
    }
    await peer.setRemoteDescription({ type: "answer", sdp });
    return response.status;
  }, which);
}

/** For how long at most a page's viewer decodes no picture, in so much time from now on. */
export async function longestStillMs(page: Page, forMs: number): Promise<number> {
  return await page.evaluate(async (forMs) => {
    const { peer } = (globalThis as unknown as Record<string, SignalledPage>)["whep"]!;
    const endMs = performance.now() + forMs;
    let longestMs = 0;
    let frames = -1;
    let sinceMs = performance.now();
    while (performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      // deno-lint-ignore no-explicit-any
      for (const entry of (await peer.getStats() as any).values()) {
        if (entry.type !== "inbound-rtp" || entry.kind !== "video") continue;
        longestMs = Math.max(longestMs, performance.now() - sinceMs);
        if (entry.framesDecoded === frames) continue;
        frames = entry.framesDecoded;
        sinceMs = performance.now();
      }
    }
    return longestMs;
  }, forMs);
}
