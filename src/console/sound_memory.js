// @ts-check
/** What the reader chose for the sound, kept from visit to visit. */

/** @typedef {{ muted: boolean, volume: number }} SoundChoice */

const KEY = "sluice.sound";

/**
 * @param {Pick<Storage, "getItem"> | undefined} storage
 * @returns {SoundChoice | undefined} `undefined` when nothing was chosen, or nothing is kept
 */
export function recallSound(storage) {
  try {
    const { muted, volume } = JSON.parse(storage?.getItem(KEY) ?? "null") ?? {};
    if (typeof muted !== "boolean" || !(volume >= 0 && volume <= 1)) return undefined;
    return { muted, volume };
  } catch {
    return undefined;
  }
}

/**
 * @param {Pick<Storage, "setItem"> | undefined} storage
 * @param {SoundChoice} choice
 */
export function rememberSound(storage, { muted, volume }) {
  try {
    storage?.setItem(KEY, JSON.stringify({ muted, volume }));
  } catch {
    // Storage that is full or refused: the choice holds for this visit.
  }
}

/** The page's storage; `undefined` where the reader's settings forbid it. */
export function pageStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
