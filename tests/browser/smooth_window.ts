import { AssertionError } from "@std/assert";

/** What else the machine does may disturb as many. */
const WINDOWS = 4;

/**
 * Watches a player for a while, again and again until it plays as it should, or has not done so in
 * any of four windows: a browser that is kept from its processor drops and freezes by itself.
 *
 * @param watch rejects with an `AssertionError` if it does not play as it should
 */
export async function inOneWindow(watch: () => Promise<void>): Promise<void> {
  for (let window = 1;; window++) {
    try {
      return await watch();
    } catch (error) {
      if (!(error instanceof AssertionError) || window === WINDOWS) throw error;
    }
  }
}
