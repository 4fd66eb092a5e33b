import { assertEquals, assertMatch } from "@std/assert";
import { describePublishRefusal } from "../../src/console/whip_failure.js";

Deno.test("describePublishRefusal tells in plain words, and what is worth another try", () => {
  const table = [
    [
      401,
      "The token has expired.",
      null,
      "refused",
      /^The token has expired\. Enter the stream's key/,
    ],
    [401, "", null, "refused", /^Enter the stream's key or a token/],
    [
      403,
      "This token is for another stream.\n",
      null,
      "refused",
      /^This token is for another stream\.$/,
    ],
    [403, "", null, "refused", /may not publish/],
    [
      409,
      "Somebody publishes live/a already",
      null,
      "taken",
      /^Somebody publishes live\/a already$/,
    ],
    [409, "", null, "taken", /take another/],
    [413, "", null, "unsupported", /cannot take/],
    [422, "The offer must have H264", null, "unsupported", /^The offer must have H264$/],
    [400, "Cannot read it", null, "unsupported", /^Cannot read it$/],
    [404, "There is nothing at /x/whip", null, "unsupported", /takes nothing by WebRTC/],
    [405, "", null, "unsupported", /takes nothing by WebRTC/],
    [502, "<html>Bad gateway</html>", null, "network", /^The gateway answered 502$/],
    [503, "", null, "network", /no room for another publisher/],
  ] as const;
  for (const [status, body, retryAfter, kind, detail] of table) {
    const failure = describePublishRefusal(status, body, retryAfter);
    assertEquals(failure.kind, kind, `${status}`);
    assertMatch(failure.detail, detail);
    assertEquals(failure.retryAfterMs, undefined);
  }
});

Deno.test("describePublishRefusal keeps to Retry-After, within reason", () => {
  const after = (retryAfter: string) =>
    describePublishRefusal(503, "Full", retryAfter).retryAfterMs;
  assertEquals(["7", "1e9", "-1", "soon", "0"].map(after), [
    7000,
    300_000,
    undefined,
    undefined,
    undefined,
  ]);
});
