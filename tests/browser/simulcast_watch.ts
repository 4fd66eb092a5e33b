/// <reference lib="dom" />
/** What a page shows of a video element: the widths of its pictures, and the gaps between them. */
import type { Page } from "playwright-core";

/** Pictures of one width that were shown one after the other. */
export interface ShownWidth {
  readonly width: number;
  frames: number;
  /** The longest time between two pictures, the one before the first among them. */
  longestGapMs: number;
}

/** Notes from now on what the page's first video element shows. */
export async function noteShown(page: Page): Promise<() => Promise<readonly ShownWidth[]>> {
  await page.evaluate(() => {
    const shown: ShownWidth[] = [];
    Object.assign(globalThis, { shownWidths: shown });
    const { whep } = globalThis as unknown as { whep?: { video: HTMLVideoElement } };
    const video = whep?.video ?? document.querySelector("video")!;
    let shownMs = performance.now();
    const note = (nowMs: number) => {
      const { videoWidth: width } = video;
      if (shown.at(-1)?.width !== width) shown.push({ width, frames: 0, longestGapMs: 0 });
      const newest = shown.at(-1)!;
      newest.frames++;
      newest.longestGapMs = Math.max(newest.longestGapMs, Math.round(nowMs - shownMs));
      shownMs = nowMs;
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  });
  return () =>
    page.evaluate(() => (globalThis as unknown as { shownWidths: ShownWidth[] }).shownWidths);
}
