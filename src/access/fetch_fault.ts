/** What the runtime says of every request that it could not send, once its URL is out of it. */
const PREAMBLE = /^error sending request for url \(the server (client error \(\w+\): )?/;

/** How it names what went wrong behind its way to the server: that is "Connect". */
const SENT = /\bclient error \((?!Connect\))/;

const MAX_LENGTH = 200;

/**
 * Why `fetch` failed, in the system's words: "tcp connect error: Connection refused". The error itself
 * may say no more than "fetch failed", and then its cause does. Without the URL, which may hold a
 * secret.
 */
export function fetchFault(error: unknown): string {
  return textOf(error).replaceAll(/\bhttps?:\/\/\S+/g, "the server").replace(PREAMBLE, "")
    .slice(0, MAX_LENGTH);
}

/** Whether a request that `fetch` failed with may have come to its server. */
export function wasSent(error: unknown): boolean {
  return SENT.test(textOf(error));
}

function textOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  const found = cause instanceof Error ? cause : error;
  return found instanceof Error ? found.message : `${found}`;
}
