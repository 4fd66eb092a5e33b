/** What the runtime says of every request that it could not send, once its URL is out of it. */
const PREAMBLE = /^error sending request for url \(the server (client error \(\w+\): )?/;

const MAX_LENGTH = 200;

/**
 * Why `fetch` failed, in the system's words: "tcp connect error: Connection refused". The error itself
 * may say no more than "fetch failed", and then its cause does. Without the URL, which may hold a
 * secret.
 */
export function fetchFault(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  const found = cause instanceof Error ? cause : error;
  const text = found instanceof Error ? found.message : `${found}`;
  return text.replaceAll(/\bhttps?:\/\/\S+/g, "the server").replace(PREAMBLE, "")
    .slice(0, MAX_LENGTH);
}
