import { assertEquals, assertThrows } from "@std/assert";
import { Http3FrameReader } from "../../src/http3/frame_reader.ts";
import { type Http3Request, parseRequest } from "../../src/http3/connect_request.ts";
import { Http3Code, Http3Error } from "../../src/http3/http3_error.ts";
import { decodeFieldSection, encodeFieldSection } from "../../src/http3/qpack/field_section.ts";
import type { HeaderField } from "../../src/http3/qpack/static_table.ts";
import { connectFields, connectFrame, type ConnectOptions } from "../../testing/http3/client.ts";
import { surviveMutations } from "../../testing/mutation.ts";
import { codeOf } from "./errors.ts";
import { ENCODED_SECTIONS } from "./qpack/field_section_samples.ts";

const USUAL: Http3Request = {
  kind: "web-transport",
  authority: "localhost:4433",
  path: "/live/a.flv?audio=0",
  protocol: "webtransport",
  origin: "https://localhost:8443",
  userAgent: undefined,
  authorization: undefined,
  speaksDraft02: true,
};

const SESSIONS: readonly (readonly [ConnectOptions, Partial<Http3Request>])[] = [
  [{}, {}],
  [{ protocol: "webtransport-h3" }, { protocol: "webtransport-h3" }],
  [{ origin: undefined }, { origin: undefined }],
  [{ origin: "null" }, { origin: "null" }],
  [{ authority: "a" }, { authority: "a" }],
  [{ authority: "[::1]:4433" }, { authority: "[::1]:4433" }],
  [{ path: "/" }, { path: "/" }],
  [{ path: "/%20?a=b&c=%ff" }, { path: "/%20?a=b&c=%ff" }],
  [{ more: [["host", "localhost:4433"]] }, {}],
  [{ more: [["user-agent", "a b/1.0"], ["authorization", "Bearer x"]] }, {
    userAgent: "a b/1.0",
    authorization: "Bearer x",
  }],
  [{ more: [["te", "trailers"], ["cookie", "a=b"], ["cookie", "c=d"], ["x", ""]] }, {}],
  [{ more: [["user-agent", "\u00e9\t\u00ff"]] }, { userAgent: "\u00e9\t\u00ff" }],
];

Deno.test("parseRequest: what asks for a session", () => {
  for (const [options, differs] of SESSIONS) {
    const request = parseRequest(connectFields(options));
    assertEquals(request, { ...USUAL, ...differs } as Http3Request);
  }
});

Deno.test("parseRequest: whether an answer is to be of draft 02", () => {
  const without = connectFields().filter(([name]) => !name.startsWith("sec-"));
  const other = [...without, ["sec-webtransport-http3-draft02", "0"]] as const;
  for (const fields of [without, other]) {
    assertEquals(parseRequest(fields), { ...USUAL, speaksDraft02: false });
  }
});

Deno.test("parseRequest: from a frame of a client", () => {
  const reader = new Http3FrameReader("request");
  reader.push(connectFrame());
  const frame = reader.next();
  if (frame?.kind !== "headers") throw new Error("No headers were read");
  assertEquals(parseRequest(decodeFieldSection(frame.payload)), USUAL);
});

const GET: readonly HeaderField[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "a"],
  [":path", "/"],
];

/** A list of fields with one of them replaced, or left out. */
const replaced = (fields: readonly HeaderField[], name: string, value?: string) =>
  fields.flatMap((field): HeaderField[] =>
    field[0] !== name ? [field] : value === undefined ? [] : [[name, value]]
  );

Deno.test("parseRequest: what asks for something else, with what to answer", () => {
  const others: readonly (readonly [fields: readonly HeaderField[], method: string, number])[] = [
    [GET, "GET", 405],
    [replaced(GET, ":method", "M-SEARCH"), "M-SEARCH", 405],
    [replaced(GET, ":scheme", "http"), "GET", 405],
    [replaced(replaced(GET, ":method", "OPTIONS"), ":path", "*"), "OPTIONS", 405],
    [[...replaced(GET, ":authority"), ["host", "a"]], "GET", 405],
    [[...GET, ["host", "a"], ["content-length", "0"]], "GET", 405],
    [[[":method", "CONNECT"], [":authority", "a:443"]], "CONNECT", 501],
    [connectFields({ protocol: "websocket" }), "CONNECT", 501],
    [connectFields({ protocol: "connect-udp" }), "CONNECT", 501],
    [connectFields({ protocol: "WebTransport" }), "CONNECT", 501],
  ];
  for (const [fields, method, status] of others) {
    assertEquals(parseRequest(fields), { kind: "other", method, status } as Http3Request);
  }
});

const MALFORMED: readonly (readonly [what: string, fields: readonly HeaderField[]])[] = [
  ["nothing", []],
  ["no method", replaced(connectFields(), ":method")],
  ["an empty method", replaced(connectFields(), ":method", "")],
  ["a method that is none", replaced(GET, ":method", "GE T")],
  ["no scheme", replaced(connectFields(), ":scheme")],
  ["another scheme", replaced(connectFields(), ":scheme", "http")],
  ["no path", connectFields({ path: undefined })],
  ["an empty path", connectFields({ path: "" })],
  ["a path of no root", connectFields({ path: "live" })],
  ["a path with blanks", connectFields({ path: "/a b" })],
  ["a path of more than ASCII", connectFields({ path: "/\u00e9" })],
  ["a path for all", connectFields({ path: "*" })],
  ["no authority", connectFields({ authority: undefined })],
  ["a host in its place", connectFields({ authority: undefined, more: [["host", "a"]] })],
  ["an empty authority", connectFields({ authority: "" })],
  ["a user", connectFields({ authority: "me@a" })],
  ["a path as authority", connectFields({ authority: "a/b" })],
  ["a port that is none", connectFields({ authority: "a:b" })],
  ["another host", connectFields({ more: [["host", "b"]] })],
  [
    "an empty protocol, another scheme",
    replaced(connectFields({ protocol: "" }), ":scheme", "http"),
  ],
  ["a protocol of another method", replaced(connectFields(), ":method", "GET")],
  ["a CONNECT with a path", connectFields({ protocol: undefined })],
  ["a CONNECT of nothing", [[":method", "CONNECT"]]],
  ["GET without a path", replaced(GET, ":path")],
  ["GET with an empty path", replaced(GET, ":path", "")],
  ["GET without a scheme", replaced(GET, ":scheme")],
  ["GET with an empty scheme", replaced(GET, ":scheme", "")],
  ["GET without an authority", replaced(GET, ":authority")],
  ["GET with another host", [...GET, ["host", "b"]]],
  ...[":method", ":scheme", ":authority", ":path", ":protocol"].map((name) =>
    [
      `${name} twice`,
      connectFields().flatMap((field) => field[0] === name ? [field, field] : [field]),
    ] as const
  ),
  ...["host", "origin", "user-agent", "authorization"].map((name) =>
    [
      `${name} twice`,
      connectFields({
        origin: undefined,
        more: [[name, "localhost:4433"], [name, "localhost:4433"]],
      }),
    ] as const
  ),
  ["a pseudo-field behind another", [["a", "b"], ...connectFields()]],
  ["an unknown pseudo-field", [[":status", "200"], ...connectFields()]],
  ["a colon alone", [[":", "a"], ...connectFields()]],
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map((name) =>
    [name, connectFields({ more: [[name, "a"]] })] as const
  ),
  ["te that is no trailers", connectFields({ more: [["te", "gzip"]] })],
  ["content", connectFields({ more: [["content-length", "0"]] })],
  ["a type of content", connectFields({ more: [["content-type", "text/plain"]] })],
  ...["", "A", "a b", "a:", "\u00e9", "a\n"].map((name) =>
    [`name ${JSON.stringify(name)}`, connectFields({ more: [[name, "a"]] })] as const
  ),
  ...["\n", "a\r\nb: c", "\0", "\x7f", " a", "a ", "\ta", " ", "a\u0100"].map((value) =>
    [`value ${JSON.stringify(value)}`, connectFields({ more: [["x", value]] })] as const
  ),
];

Deno.test("parseRequest: what is malformed", () => {
  for (const [what, fields] of MALFORMED) {
    assertEquals(codeOf(() => parseRequest(fields)), Http3Code.messageError, what);
  }
});

Deno.test("parseRequest: a refusal tells no secrets, and nothing that cannot be shown", () => {
  const secret = "s3cr3t";
  const refused = [
    connectFields({ more: [["authorization", `Bearer ${secret}\0`]] }),
    connectFields({ path: `/a b?key=${secret}` }),
    connectFields({ authority: `me:${secret}@a` }),
    connectFields({ more: [[`${secret}\x1b[31m`, "a"]] }),
    connectFields({ more: [[secret.repeat(10).toUpperCase(), "a"]] }),
    connectFields({ more: [[secret.repeat(100), "\0"]] }),
  ];
  for (const fields of refused) {
    const { message } = assertThrows(() => parseRequest(fields), Http3Error);
    assertEquals(/s3cr3t/i.test(message), false, message);
    assertEquals(/^[\x20-\x7e]{1,200}$/.test(message), true, message);
  }
});

Deno.test("parseRequest: mutations", () => {
  const samples = [
    ...ENCODED_SECTIONS.map(([encoded]) => encoded),
    ...SESSIONS.map(([options]) => encodeFieldSection(connectFields(options))),
    encodeFieldSection(GET),
  ];
  surviveMutations(
    samples,
    (bytes) => void parseRequest(decodeFieldSection(bytes)),
    Http3Error,
    { count: 300 },
  );
});
