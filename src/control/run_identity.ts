import type { RunIdentity } from "../shard/shard_settings.ts";

const ID_BYTES = 6;

/** By what answers of the API name this process, as SRS's do. */
export const RUN_IDENTITY: RunIdentity = {
  server: `sl-${randomId()}`,
  service: randomId(),
  pid: `${Deno.pid}`,
};

function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(ID_BYTES)).toHex();
}
