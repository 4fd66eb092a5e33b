import { Viewer, type ViewerAddress } from "./viewer.ts";

/** What one viewer waited for, from before it connected; `undefined`: it never came. */
export interface JoinTimes {
  readonly firstByteMs: number | undefined;
  /** Until the last byte of the first key frame. */
  readonly firstKeyFrameMs: number | undefined;
  readonly error: string | undefined;
}

/** A join that takes longer than this has failed. */
const JOIN_TIMEOUT_MS = 5000;

/** Joins a stream, reads as fast as it can, and leaves with the first key frame. */
export async function probeJoin(address: ViewerAddress): Promise<JoinTimes> {
  const viewer = new Viewer(address);
  const startMs = performance.now();
  let firstByteMs: number | undefined;
  let firstKeyFrameMs: number | undefined;
  const timer = setTimeout(() => viewer.close(), JOIN_TIMEOUT_MS);
  await viewer.run(() => {
    const nowMs = performance.now() - startMs;
    if (viewer.check.bytes > 0) firstByteMs ??= nowMs;
    if (viewer.check.keyFrames > 0) firstKeyFrameMs ??= nowMs;
    return firstKeyFrameMs === undefined;
  });
  clearTimeout(timer);
  const error = viewer.check.firstError ?? viewer.failure;
  return { firstByteMs, firstKeyFrameMs, error };
}

/** `count` joins one after another, `intervalMs` between their starts or more. */
export async function probeJoins(
  address: ViewerAddress,
  count: number,
  intervalMs: number,
): Promise<JoinTimes[]> {
  const times: JoinTimes[] = [];
  for (let index = 0; index < count; index++) {
    const interval = new Promise((resolve) => setTimeout(resolve, intervalMs));
    times.push(await probeJoin(address));
    await interval;
  }
  return times;
}

/**
 * Waits until a stream can be watched.
 *
 * @throws {Error} if that takes longer than some twenty attempts
 */
export async function untilLive(address: ViewerAddress): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const { firstKeyFrameMs } = await probeJoin(address);
    if (firstKeyFrameMs !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`Cannot measure: ${address.path} gave no key frame`);
}
