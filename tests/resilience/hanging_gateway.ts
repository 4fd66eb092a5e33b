/**
 * The gateway as `main.ts` starts it, with a shard that hangs if a test asks it to: a program of its
 * own, for such a thread cannot be ended but with its process. It prints its ports.
 */
import { parseConfig } from "../../src/config/schema.ts";
import { startGateway } from "../../src/gateway.ts";
import { configureLogging } from "../../src/logging/logging.ts";
import { HARMFUL_SHARD_SOURCE } from "./harmful_shard.ts";

configureLogging({ logLevel: "info", logFormat: "text" });
const given = { host: "127.0.0.1", rtmpPort: 0, httpPort: 0, webrtcPort: 0, webtransportPort: 0 };
const { rtmpPort, httpPort } = await startGateway(parseConfig(given, 2), {
  version: "0",
  shardSource: HARMFUL_SHARD_SOURCE,
  transcodingSource: "",
  assets: [],
  assetHeaders: {},
  shardHung: () => Deno.exit(70),
});
console.log(JSON.stringify({ rtmpPort, httpPort }));
