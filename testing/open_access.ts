import type { Access } from "../src/access/access.ts";
import { refuse } from "../src/access/source.ts";

/** Lets everybody publish and play, and nobody use the API. */
export const OPEN_ACCESS: Access = {
  decide: ({ action }) =>
    action === "api"
      ? refuse("forbidden", "no credentials", "open")
      : { kind: "allow", decidedBy: "open" },
};
