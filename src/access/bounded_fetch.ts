import { AccessError } from "./access_error.ts";
import { fetchFault, wasSent } from "./fetch_fault.ts";

/** What may be spent on an answer. */
export interface FetchLimits {
  /** Until its last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** An answer that has come whole. */
export interface FetchedAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks another server. Redirects are not followed: they would lead to hosts that nobody configured.
 *
 * @throws {AccessError} if there is no answer in time, or one that is too long
 */
export async function boundedFetch(
  url: string,
  init: Pick<RequestInit, "method" | "headers" | "body">,
  { timeoutMs, maxBytes }: FetchLimits,
): Promise<FetchedAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response | undefined;
  try {
    response = await fetch(url, { ...init, redirect: "manual", signal });
    return { status: response.status, text: await readText(response, maxBytes) };
  } catch (error) {
    if (error instanceof AccessError) throw error;
    const isLate = signal.aborted;
    // What a peer can cause is a TypeError; the rest is what permissions and the system say.
    const reason = isLate ? `no answer within ${timeoutMs} ms` : fetchFault(error);
    throw new AccessError(reason, {
      mayBeDone: isLate || response !== undefined || wasSent(error),
    });
  }
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    // Leaving the loop cancels the rest.
    if (length > maxBytes) {
      throw new AccessError(`an answer of more than ${maxBytes} bytes`, { mayBeDone: true });
    }
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
