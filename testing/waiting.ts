/** How long a condition may take: far more than it needs, since machines are shared. */
const DEFAULT_TIMEOUT_MS = 60_000;

const POLL_MS = 20;

/**
 * Waits until `condition` gives something other than `undefined`, `null` or `false`, and returns it.
 *
 * @param what the condition in words, for the error if it is not met in time
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = DEFAULT_TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    }
    await delay(POLL_MS);
  }
}

/** For the passing of time itself, where that is what a test is about: never instead of a condition. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
