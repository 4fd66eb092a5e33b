import * as v from "valibot";

/** Servers that WebRTC clients may be told. */
const MAX_ICE_SERVERS = 8;
const MAX_URL_LENGTH = 256;
const MAX_CREDENTIAL_LENGTH = 256;

/** RFC 7064 and RFC 7065: such as "turn:turn.example.org:3478?transport=udp". */
const ICE_URL = /^(?:stuns?|turns?):[A-Za-z0-9.:[\]-]+(?:\?transport=(?:udp|tcp))?$/;

/** What is sent in a header, in quotes. */
const quotable = v.pipe(
  // What is given is in no message: it may be a secret.
  v.string("Invalid type: Expected text"),
  v.maxLength(MAX_CREDENTIAL_LENGTH),
  v.regex(/^[\x20-\x7e]*$/, "Invalid text: Expected visible ASCII characters"),
);

const iceServer = v.strictObject({
  url: v.pipe(
    v.string(),
    v.maxLength(MAX_URL_LENGTH),
    v.regex(
      ICE_URL,
      (issue) =>
        `Invalid URL: Expected one such as "stun:stun.example.org" but received ${issue.received}`,
    ),
  ),
  username: v.optional(quotable),
  credential: v.optional(quotable),
});

/** STUN and TURN servers, which clients are told by the header Link. */
export const iceServers = v.optional(
  v.pipe(v.array(iceServer), v.maxLength(MAX_ICE_SERVERS)),
  () => [],
);
