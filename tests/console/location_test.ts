import { assertEquals } from "@std/assert";
import {
  formatFragment,
  mediaUrl,
  parseFragment,
  streamTitle,
  type Transport,
} from "../../src/console/location.js";
import { rtmpServer, shellWord } from "../../src/console/publish_help.js";

const page = { protocol: "http:", host: "host:8080" };

Deno.test("a fragment names the same selection in both directions", () => {
  const selections = [
    ["live", "test", "http-flv", "#live/test"],
    ["live", "test", "ws-flv", "#live/test?via=ws-flv"],
    ["live/eu", "a b?c#d/e", "http-flv", "#live/eu/a%20b%3Fc%23d%2Fe"],
    ["", "foo", "http-flv", "#/foo"],
    ["", "a/b", "ws-flv", "#/a%2Fb?via=ws-flv"],
    ["<img>", "50%", "ws-flv", "#%3Cimg%3E/50%25?via=ws-flv"],
  ] as const;
  for (const [app, name, transport, fragment] of selections) {
    assertEquals(formatFragment({ app, name, transport }), fragment);
    assertEquals(parseFragment(fragment), { app, name, transport });
  }
  assertEquals(parseFragment("#/live/test"), { app: "live", name: "test", transport: "http-flv" });
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

Deno.test("mediaUrl encodes each segment and follows the page's scheme", () => {
  const url = (transport: Transport, protocol: string) =>
    mediaUrl({ app: "live", name: "a/b?c", transport }, { ...page, protocol });
  assertEquals(url("http-flv", "http:"), "http://host:8080/live/a%2Fb%3Fc.flv");
  assertEquals(url("ws-flv", "http:"), "ws://host:8080/live/a%2Fb%3Fc.flv");
  assertEquals(url("http-flv", "https:"), "https://host:8080/live/a%2Fb%3Fc.flv");
  assertEquals(url("ws-flv", "https:"), "wss://host:8080/live/a%2Fb%3Fc.flv");
});

Deno.test("a stream without an app has neither its name nor a slash for it", () => {
  const stream = { app: "", name: "foo" };
  assertEquals(mediaUrl({ ...stream, transport: "http-flv" }, page), "http://host:8080/foo.flv");
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
