import { assertEquals } from "@std/assert";
import type { Credentials } from "../../src/access/access.ts";
import { type CredentialPlaces, credentialsOf } from "../../src/access/credentials.ts";

const basic = (text: string) => `Basic ${new TextEncoder().encode(text).toBase64()}`;

const CASES: readonly (readonly [CredentialPlaces, Credentials])[] = [
  [{}, {}],
  [{ query: "" }, {}],
  [{ query: "audio=0" }, {}],
  [{ query: "token=abc" }, { token: "abc" }],
  [{ query: "audio=0&token=a%2Bb&token=second" }, { token: "a+b" }],
  [{ query: "token=" }, { token: "" }],
  [{ query: "token=%zz" }, { token: "%zz" }],
  [{ query: `token=${"x".repeat(4097)}` }, { token: "" }],
  [{ authorization: "Bearer abc.def" }, { token: "abc.def" }],
  [{ authorization: "bearer  abc " }, { token: "abc" }],
  [{ authorization: "Bearer abc", query: "token=other" }, { token: "abc" }],
  [{ authorization: basic("me:secret:more") }, { user: "me", password: "secret:more" }],
  [{ authorization: basic("mü:ß") }, { user: "mü", password: "ß" }],
  [{ authorization: basic("me") }, { user: "me", password: "" }],
  [{ authorization: "Basic !!" }, { user: "", password: "" }],
  [{ authorization: basic(`me:${"x".repeat(300)}`) }, { user: "me", password: "" }],
  [{ authorization: "Digest username=x" }, { token: "" }],
  [{ authorization: "nonsense" }, { token: "" }],
  [{ tcUrl: "rtmp://host/live" }, {}],
  [{ tcUrl: "rtmp://me:secret@host/live" }, { user: "me", password: "secret" }],
  [{ tcUrl: "rtmps://me:s%40cret@host:1936/live" }, { user: "me", password: "s@cret" }],
  [{ tcUrl: "rtmp://me:100%@host/live" }, { user: "me", password: "100%" }],
  [{ tcUrl: "rtmp://host/live@home" }, {}],
  [{ tcUrl: "rtmp://host/live?token=abc" }, { token: "abc" }],
  [{ tcUrl: "rtmp://host/live?token=abc", query: "audio=0" }, { token: "abc" }],
  [{ tcUrl: "rtmp://host/live?token=abc", query: "token=own" }, { token: "own" }],
  [
    { tcUrl: "rtmp://me:secret@host/live", query: "token=abc" },
    { user: "me", password: "secret", token: "abc" },
  ],
];

Deno.test("credentials are the same wherever they are", () => {
  for (const [places, expected] of CASES) {
    assertEquals(credentialsOf(places), expected, JSON.stringify(places).slice(0, 100));
  }
});
