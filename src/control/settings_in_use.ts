import type { Revoked } from "../access/revoked_tokens.ts";
import { accessContacts } from "../config/access_summary.ts";
import { parseConfigJson } from "../config/config_json.ts";
import { requirePermissions } from "../config/permissions.ts";
import { type Reload, reloadedConfig } from "../config/reload.ts";
import type { Config } from "../config/schema.ts";
import { type ServerCertificate, serverCertificate } from "../config/server_certificate.ts";
import type { ShardSettings } from "../shard/shard_settings.ts";
import { withRevoked } from "./access_settings.ts";
import type { GatewayParts } from "./gateway_parts.ts";
import type { Ports } from "./ports.ts";
import { warnOfValidity } from "./validity_warning.ts";
import { shardSettings } from "./worker_settings.ts";

/** The configuration that counts, and what goes with it: what a reload changes. */
export class SettingsInUse {
  readonly #parts: GatewayParts;
  readonly #ports: Ports;
  #config: Config;
  #certificate: ServerCertificate | undefined;
  /** The oldest first. */
  #revokedTokens: readonly Revoked[] = [];

  /** @param certificate that of the configuration, if it has one */
  constructor(
    config: Config,
    parts: GatewayParts,
    ports: Ports,
    certificate: ServerCertificate | undefined,
  ) {
    this.#config = config;
    this.#parts = parts;
    this.#ports = ports;
    this.#certificate = certificate;
  }

  get config(): Config {
    return this.#config;
  }

  /** What clients are shown over TLS; `undefined` without TLS. */
  get certificate(): ServerCertificate | undefined {
    return this.#certificate;
  }

  /** What a shard is told of it. */
  ofShard(shard: number): ShardSettings {
    return shardSettings(
      this.#config,
      this.#parts,
      this.#ports,
      this.#certificate,
      this.#revokedTokens,
      shard,
    );
  }

  /**
   * Changes what a request to reload says.
   *
   * @param text JSON, as {@linkcode reloadedConfig} takes it
   * @returns what has changed, and who is to be asked again
   * @throws {ConfigError} naming what is wrong; then nothing has changed
   */
  reload(text: string): Reload {
    const reload = reloadedConfig(
      this.#config,
      parseConfigJson(text, "request"),
    );
    const { config, revoke } = reload;
    requirePermissions([], accessContacts(config.access));
    if (config.tls !== this.#config.tls && config.tls !== "self-signed") {
      this.#certificate = serverCertificate(config);
      if (this.#certificate !== undefined) warnOfValidity(this.#certificate);
    }
    this.#config = config;
    this.#revokedTokens = withRevoked(this.#revokedTokens, revoke, Date.now());
    return reload;
  }
}
