import type { IceServer } from "../../shard_settings.ts";

/** The parts of Link that tell of STUN and TURN servers (RFC 9725 4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.map(({ url, username, credential }) => {
    const parts = [`<${url}>`, 'rel="ice-server"'];
    if (username !== undefined) parts.push(`username=${quoted(username)}`);
    if (credential !== undefined) {
      parts.push(`credential=${quoted(credential)}`, 'credential-type="password"');
    }
    return parts.join("; ");
  });
}

/** RFC 9110 5.6.4. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
