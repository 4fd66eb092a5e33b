import { assertEquals } from "@std/assert";
import {
  formatFragment,
  mediaUrl,
  parseFragment,
  playbackUrl,
  streamTitle,
  type Transport,
} from "../../src/console/location.js";
import { rtmpServer, shellWord } from "../../src/console/publish_help.js";

const page = { protocol: "http:", host: "host:8080" };

Deno.test("a fragment names the same selection in both directions", () => {
  const quality = undefined;
  const selections = [
    ["live", "test", undefined, "#live/test"],
    ["live", "test", "webrtc", "#live/test?via=webrtc"],
    ["live", "test", "http-flv", "#live/test?via=http-flv"],
    ["live", "test", "ws-flv", "#live/test?via=ws-flv"],
    ["live/eu", "a b?c#d/e", undefined, "#live/eu/a%20b%3Fc%23d%2Fe"],
    ["", "foo", undefined, "#/foo"],
    ["", "a/b", "ws-flv", "#/a%2Fb?via=ws-flv"],
    ["<img>", "50%", "ws-flv", "#%3Cimg%3E/50%25?via=ws-flv"],
  ] as const;
  for (const [app, name, via, fragment] of selections) {
    assertEquals(formatFragment({ app, name, via }), fragment);
    assertEquals(parseFragment(fragment), { app, name, via, quality });
  }
  const test = { app: "live", name: "test", via: undefined, quality };
  assertEquals(parseFragment("#/live/test"), test);
  // What is not a transport leaves the choice to the page.
  assertEquals(parseFragment("#live/test?via=rtmp")?.via, undefined);
  assertEquals(parseFragment("#live/test?x=1&via=webrtc")?.via, "webrtc");
});

Deno.test("a fragment names a quality, if one was chosen", () => {
  const test = { app: "live", name: "test" };
  for (
    const [via, quality, fragment] of [
      [undefined, "2", "#live/test?quality=2"],
      ["ws-flv", "sound", "#live/test?via=ws-flv&quality=sound"],
    ] as const
  ) {
    assertEquals(formatFragment({ ...test, via, quality }), fragment);
    assertEquals(parseFragment(fragment), { ...test, via, quality });
  }
  for (const name of ["auto", "1000", "-1", "1%262"]) {
    assertEquals(parseFragment(`#live/test?quality=${name}`)?.quality, undefined, name);
  }
});

Deno.test("what is played is of the quality that was chosen, or adapts", () => {
  const own = { ...page, search: "?token=t" };
  const url = (quality: string | undefined, transport: Transport, isPinned = false) =>
    playbackUrl({ app: "live", name: "a", quality }, transport, own, { isPinned });
  const shown = (quality?: string) =>
    mediaUrl({ app: "live", name: "a", quality }, "http-flv", own);
  const base = "http://host:8080/live/a";
  assertEquals(url(undefined, "webrtc"), `${base}/whep?token=t`);
  // The session is told.
  assertEquals(url("2", "webrtc"), `${base}/whep?token=t`);
  assertEquals(url("2", "webrtc", true), `${base}/whep?token=t&vtrack=2`);
  assertEquals(url("sound", "webrtc"), `${base}/whep?token=t&video=0`);
  assertEquals(url("2", "http-flv"), `${base}.flv?token=t&vtrack=2`);
  assertEquals(url("sound", "http-flv"), `${base}.flv?token=t&video=0`);
  assertEquals(url(undefined, "http-flv"), `${base}.flv?token=t&vtrack=auto`);
  // What is shown to be copied asks for nothing that nobody chose.
  assertEquals(shown(), `${base}.flv?token=t`);
  assertEquals(shown("2"), `${base}.flv?token=t&vtrack=2`);
});

Deno.test("a fragment without a stream is no selection", () => {
  for (
    const fragment of [
      "",
      "#",
      "#publish-title",
      "#/",
      "#live/",
      "#//test",
      "#a//b",
      "#live/%E0%A4",
    ]
  ) {
    assertEquals(parseFragment(fragment), undefined, fragment);
  }
});

Deno.test("mediaUrl hands over the page's token, and nothing else of its query", () => {
  const url = (search: string) =>
    mediaUrl({ app: "live", name: "a" }, "http-flv", { ...page, search });
  assertEquals(url("?token=a%2Bb%26c&page=2"), "http://host:8080/live/a.flv?token=a%2Bb%26c");
  assertEquals(url("?page=2"), "http://host:8080/live/a.flv");
});

Deno.test("mediaUrl encodes each segment and follows the page's scheme", () => {
  const url = (transport: Transport, protocol: string) =>
    mediaUrl({ app: "live", name: "a/b?c" }, transport, { ...page, protocol });
  assertEquals(url("webrtc", "http:"), "http://host:8080/live/a%2Fb%3Fc/whep");
  assertEquals(url("webrtc", "https:"), "https://host:8080/live/a%2Fb%3Fc/whep");
  assertEquals(url("http-flv", "http:"), "http://host:8080/live/a%2Fb%3Fc.flv");
  assertEquals(url("ws-flv", "http:"), "ws://host:8080/live/a%2Fb%3Fc.flv");
  assertEquals(url("http-flv", "https:"), "https://host:8080/live/a%2Fb%3Fc.flv");
  assertEquals(url("ws-flv", "https:"), "wss://host:8080/live/a%2Fb%3Fc.flv");
});

Deno.test("mediaUrl of WebTransport has a port of its own, and is https always", () => {
  const url = (host: string, webtransportPort?: number) =>
    mediaUrl({ app: "live", name: "a" }, "webtransport", { ...page, host, webtransportPort });
  assertEquals(url("host:8080"), "https://host:4433/live/a");
  assertEquals(url("host", 5000), "https://host:5000/live/a");
  assertEquals(url("[::1]:8080", 5000), "https://[::1]:5000/live/a");
});

Deno.test("a stream without an app has neither its name nor a slash for it", () => {
  const stream = { app: "", name: "foo" };
  assertEquals(mediaUrl(stream, "http-flv", page), "http://host:8080/foo.flv");
  assertEquals(mediaUrl(stream, "webrtc", page), "http://host:8080/foo/whep");
  assertEquals([streamTitle(stream), streamTitle({ app: "live", name: "foo" })], [
    "foo",
    "live/foo",
  ]);
});

Deno.test("rtmpServer writes the port only when it is not 1935", () => {
  assertEquals(rtmpServer("host", 1935, "live"), "rtmp://host/live");
  assertEquals(rtmpServer("[::1]", 1936, "live"), "rtmp://[::1]:1936/live");
});

Deno.test("shellWord quotes what a shell would read", () => {
  assertEquals(shellWord("rtmp://host:1936/live/test-1"), "rtmp://host:1936/live/test-1");
  assertEquals(shellWord("rtmp://[::1]/live/a"), "'rtmp://[::1]/live/a'");
  assertEquals(shellWord("a?token=$(b)&c"), "'a?token=$(b)&c'");
  assertEquals(shellWord("it's"), `'it'\\''s'`);
});
