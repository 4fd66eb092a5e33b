import { type AccessSettings, SOURCE_NAMES } from "../../src/access/settings.ts";

/** Settings that let nobody in, but for what a test says. */
export function accessSettings(parts: Partial<AccessSettings> = {}): AccessSettings {
  return {
    order: SOURCE_NAMES,
    otherwise: { publish: "refuse", play: "refuse" },
    addresses: {},
    rules: [],
    keys: [],
    signedUrls: { secrets: [], endAtExpiry: false },
    hooks: [],
    revokedTokens: [],
    ...parts,
  };
}
