import type { Config } from "./config/schema.ts";
import { type ServerCertificate, serverCertificate } from "./config/server_certificate.ts";
import { Control } from "./control/control.ts";
import type { GatewayParts } from "./control/gateway_parts.ts";
import { warnOfValidity } from "./control/validity_warning.ts";
import { checkPorts, findPorts, type Ports } from "./control/ports.ts";

export { checkPorts, type GatewayParts };

/** A gateway at work. */
export interface Gateway extends Ports {
  /** Of the certificate that clients are shown over TLS; `undefined` if there is none. */
  readonly certificate: Pick<ServerCertificate, "isSelfSigned" | "facts"> | undefined;
  /**
   * Closes the ports and asks publishers to connect elsewhere, while viewers keep what they have;
   * resolves when all have gone, or after `limitMs`. To be stopped then.
   */
  drain(limitMs: number): Promise<void>;
  /** Ends all streams and connections, in a bounded time. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway in this process; resolves when everything listens.
 *
 * @throws {ConfigError} if a port is in use or not permitted, or a host that decisions need
 *
 * @example
 * ```ts ignore
 * import { parseConfig } from "./config/schema.ts";
 * import { startGateway } from "./gateway.ts";
 *
 * const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0 };
 * const config = parseConfig({ host: "127.0.0.1", ...ports }, 1);
 * const sources = { shardSource: "…", transcodingSource: "…" };
 * const parts = { version: "0", ...sources, assets: [], assetHeaders: {} };
 * const shardHung = () => Deno.exit(1);
 * const gateway = await startGateway(config, { ...parts, shardHung });
 * await gateway.stop();
 * ```
 */
export async function startGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const ports = findPorts(config);
  const certificate = serverCertificate(config);
  if (certificate !== undefined) warnOfValidity(certificate);
  const control = new Control(config, parts, ports, certificate);
  await control.start();
  return {
    ...ports,
    certificate: told(certificate),
    drain: (limitMs) => control.drain(limitMs),
    stop: () => control.stop(),
  };
}

/** Everything of a certificate that is no secret. */
function told(certificate: ServerCertificate | undefined): Gateway["certificate"] {
  return certificate && { isSelfSigned: certificate.isSelfSigned, facts: certificate.facts };
}
