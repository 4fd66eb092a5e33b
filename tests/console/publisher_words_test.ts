import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { reservedRefusal } from "../../src/access/reserved_apps.ts";
import {
  captureProblem,
  describePublisher,
  nameProblem,
  publishObstacle,
  secureAddress,
  watchLink,
} from "../../src/console/publisher_words.js";
import { streamPath } from "../../src/stream/stream_path.ts";

/** Whether the gateway would take the name. */
function isTaken(app: string, name: string): boolean {
  const named = streamPath(app, name);
  return "path" in named && named.path !== "" &&
    reservedRefusal("publish", named.path) === undefined;
}

Deno.test("nameProblem is of the gateway's opinion", () => {
  const names: readonly (readonly [app: string, name: string])[] = [
    ["live", "test"],
    ["", "test"],
    ["live/eu", "one"],
    ["/live/", "test"],
    ["live", "größe 1"],
    ["live", "a.b"],
    ["live", ""],
    ["live", "a?b"],
    ["live", "a#b"],
    ["li\\ve", "a"],
    ["live", ".."],
    [".", "a"],
    ["live", "a\u202eb"],
    ["live", "a\u0007b"],
    ["live", "\ud800"],
    ["live", "x".repeat(507)],
    ["live", "x".repeat(508)],
    ["api", "a"],
    ["rtc/v1", "a"],
    ["", "api"],
    ["obs", "multitrack"],
  ];
  for (const [app, name] of names) {
    // To the gateway, an empty name is its application's last part.
    const wanted = name !== "" && isTaken(app, name);
    const problem = nameProblem(app, name);
    assertEquals(problem === undefined, wanted, `${app}, ${name}: ${problem}`);
  }
  assertEquals(
    nameProblem("live", "a/b"),
    "A slash belongs into the app, not into the stream's name",
  );
  assertEquals(nameProblem("live", "a?b"), "App and name may not have ?");
});

Deno.test("publishObstacle says in one line what is missing and how to get it", () => {
  const all = { isSecure: true, hasCapture: true, hasWebRtc: true };
  assertEquals(publishObstacle(all), undefined);
  const insecure = publishObstacle({ ...all, isSecure: false, hasCapture: false })!;
  for (const part of ["https", "http://localhost", "tls", "--tls self-signed"]) {
    assertStringIncludes(insecure, part);
  }
  assertMatch(publishObstacle({ ...all, hasWebRtc: false })!, /no WebRTC/);
  assertMatch(publishObstacle({ ...all, hasCapture: false })!, /neither camera nor screen/);
  const page = { hostname: "10.0.0.1", pathname: "/", search: "?token=a", hash: "#live/a" };
  assertEquals(secureAddress(page, undefined), undefined);
  assertEquals(secureAddress(page, 8443), "https://10.0.0.1:8443/?token=a#live/a");
});

Deno.test("captureProblem tells what the reader can do", () => {
  const table = [
    ["NotAllowedError", "camera", /address bar/],
    ["NotAllowedError", "screen", /not let the page see a screen/],
    ["NotFoundError", "camera", /no such camera or microphone/],
    ["NotReadableError", "camera", /another program/],
    ["OverconstrainedError", "camera", /not there any more/],
    ["AbortError", "camera", /could be captured: it broke/],
  ] as const;
  for (const [name, source, wanted] of table) {
    assertMatch(captureProblem({ name, message: "it broke" }, source), wanted);
  }
  assertMatch(captureProblem({}, "screen"), /no reason given/);
});

Deno.test("watchLink has the page's own host and no token", () => {
  const page = { origin: "https://host.example", hostname: "host.example" };
  assertEquals(watchLink(page, "#live/a"), { link: "https://host.example/#live/a", note: "" });
  for (const hostname of ["localhost", "127.0.0.1", "[::1]"]) {
    const { note } = watchLink({ origin: `http://${hostname}:8080`, hostname }, "#live/a");
    assertStringIncludes(note, `in place of ${hostname}`);
  }
});

Deno.test("describePublisher has a sentence for each state", () => {
  const table = [
    [{ state: "idle" }, false, "", ""],
    [{ state: "idle" }, true, "Nobody but you sees this", "Preview"],
    [{ state: "connecting" }, true, "Connecting as live/a", "Connecting"],
    [{ state: "live" }, true, "Live as live/a", "Live"],
    [
      { state: "interrupted", detail: "It is gone" },
      true,
      "It is gone: looking for another path",
      "Interrupted",
    ],
    [
      { state: "retrying", detail: "It is gone", retryAtMs: 0 },
      true,
      "It is gone: trying again in 0 s",
      "Waiting",
    ],
    [
      { state: "failed", detail: "The name is taken" },
      true,
      "Not live: The name is taken",
      "Not live",
    ],
  ] as const;
  for (const [status, isOpen, text, badge] of table) {
    assertEquals(describePublisher(status, "live/a", isOpen), { text, badge });
  }
});
