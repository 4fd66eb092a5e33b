/** A flag, a configuration or an environment the gateway cannot start with; one readable line. */
export class ConfigError extends Error {
  override name = "ConfigError";
}
