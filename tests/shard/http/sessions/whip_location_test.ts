import { assertEquals } from "@std/assert";
import { publisherLocation } from "../../../../src/shard/http/sessions/whip_location.ts";

function locationOf(endpoint: string, { query = "", prefix }: {
  readonly query?: string;
  readonly prefix?: string;
} = {}): string {
  return publisherLocation(endpoint, "0.abc", new URLSearchParams(query), prefix);
}

Deno.test("a publisher's address is a path from the root, with the token that it came by", () => {
  assertEquals(locationOf("/live/camera/whip"), "/live/camera/whip/0.abc");
  assertEquals(
    locationOf("/rtc/v1/whip/", { query: "app=a&token=a%26b" }),
    "/rtc/v1/whip/0.abc?token=a%26b",
  );
});

Deno.test("a proxy's own path stands before a publisher's address, if it can be one", () => {
  const behind = (prefix: string) => locationOf("/live/camera/whip", { prefix });
  assertEquals(behind("/media"), "/media/live/camera/whip/0.abc");
  assertEquals(behind("/media/gateway-1/"), "/media/gateway-1/live/camera/whip/0.abc");
  for (
    const prefix of [
      "",
      "/",
      "media",
      "//evil.example",
      "/a//b",
      "/..",
      "/a/../b",
      "/a?b",
      "/a\r\nb",
      "https://evil.example",
      "/".padEnd(300, "a"),
    ]
  ) {
    assertEquals(behind(prefix), "/live/camera/whip/0.abc", prefix);
  }
});
