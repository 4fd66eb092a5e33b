import type { Credentials } from "./access.ts";

/** Characters of a token: a JWT with many claims has 2,000. */
const MAX_TOKEN_LENGTH = 4096;
/** Characters of a user's name, and of a password. */
const MAX_USER_LENGTH = 256;

/** Where a protocol may have credentials; what it has not stays away. */
export interface CredentialPlaces {
  /** Without "?": of the URL, of an RTMP name or of tcUrl. */
  readonly query?: string | undefined;
  /** The header of that name. */
  readonly authorization?: string | undefined;
  /** What an RTMP client said that it connected to. */
  readonly tcUrl?: string | undefined;
}

/**
 * What somebody brings to show who they are, wherever it is: in the header before the query, in the
 * query before the tcUrl. What is longer than its limit counts as given and fits nothing: it is "".
 *
 * @example
 * ```ts
 * import { credentialsOf } from "./credentials.ts";
 *
 * credentialsOf({ authorization: "Bearer abc" }); // { token: "abc" }
 * credentialsOf({ query: "token=abc&audio=0" }); // { token: "abc" }
 * credentialsOf({ tcUrl: "rtmp://me:secret@host/live" }); // { user: "me", password: "secret" }
 * ```
 */
export function credentialsOf({ query, authorization, tcUrl }: CredentialPlaces): Credentials {
  const found = {
    ...(tcUrl === undefined ? {} : ofUrl(tcUrl)),
    ...(query === undefined || query === "" ? {} : tokenOfQuery(query)),
    ...(authorization === undefined ? {} : ofHeader(authorization)),
  };
  return {
    ...(found.token === undefined ? {} : { token: bounded(found.token, MAX_TOKEN_LENGTH) }),
    ...(found.user === undefined ? {} : { user: bounded(found.user, MAX_USER_LENGTH) }),
    ...(found.password === undefined ? {} : { password: bounded(found.password, MAX_USER_LENGTH) }),
  };
}

/** Whether there is anything to be judged. */
export function hasCredentials({ token, user, password }: Credentials): boolean {
  return token !== undefined || user !== undefined || password !== undefined;
}

function bounded(text: string, maxLength: number): string {
  return text.length > maxLength ? "" : text;
}

function tokenOfQuery(query: string): Credentials {
  const token = new URLSearchParams(query).get("token");
  return token === null ? {} : { token };
}

/** RFC 6750 2.1 and RFC 7617. */
function ofHeader(authorization: string): Credentials {
  const [, scheme, text] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  switch (scheme?.toLowerCase()) {
    case "bearer":
      return { token: text };
    case "basic":
      return userOfBasic(text!);
    default:
      // Something was given, whatever it is.
      return { token: "" };
  }
}

function userOfBasic(text: string): Credentials {
  try {
    return splitUser(new TextDecoder().decode(Uint8Array.fromBase64(text)));
  } catch {
    return { user: "", password: "" };
  }
}

/** Its query counts where that of the name has no token. */
function ofUrl(tcUrl: string): Credentials {
  const mark = tcUrl.indexOf("?");
  const token = mark < 0 ? {} : tokenOfQuery(tcUrl.slice(mark + 1));
  return { ...userOfUrl(tcUrl), ...token };
}

function userOfUrl(tcUrl: string): Credentials {
  const user = /^[a-z]+:\/\/([^/?#]*)@/i.exec(tcUrl)?.[1];
  if (user === undefined) return {};
  const given = splitUser(user);
  return { user: unescaped(given.user!), password: unescaped(given.password!) };
}

function splitUser(text: string): Credentials {
  const colon = text.indexOf(":");
  return colon < 0
    ? { user: text, password: "" }
    : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Encoders send what was typed, escaped or not. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
