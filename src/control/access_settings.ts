import type { AccessSettings } from "../access/settings.ts";
import { otherwiseOf } from "../config/access_summary.ts";
import type { Config } from "../config/schema.ts";

/** What each shard is told of who may. */
export function accessSettings({ access }: Config, hasFunction: boolean): AccessSettings {
  return { ...access, otherwise: otherwiseOf(access, hasFunction) };
}
