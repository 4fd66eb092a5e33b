import { fetchFault } from "../access/fetch_fault.ts";
import { hostWithPort } from "../config/permissions.ts";

/** How long a gateway that is well takes at most, on a busy machine. */
const TIMEOUT_MS = 3000;

/** What a gateway says of itself. */
export interface Health {
  readonly isWell: boolean;
  /** One line for whoever asked. */
  readonly text: string;
}

/**
 * Asks a gateway how it is.
 *
 * @param listensOn where it takes HTTP
 */
export async function askHealth(
  listensOn: { readonly host: string; readonly port: number },
  path: "/healthz" | "/readyz",
): Promise<Health> {
  const { host, port } = listensOn;
  const url = `http://${hostWithPort({ host: reachedBy(host), port })}${path}`;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { ok, status, body } = await fetch(url, { signal, redirect: "manual" });
    await body?.cancel();
    return { isWell: ok, text: ok ? "ok" : `Not well: ${url} answers ${status}` };
  } catch (error) {
    return { isWell: false, text: `Not well: ${url} does not answer: ${fetchFault(error)}` };
  }
}

/** Whoever connects to the unspecified address reaches this machine, but on Windows. */
function reachedBy(host: string): string {
  if (Deno.build.os !== "windows") return host;
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}
