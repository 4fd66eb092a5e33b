import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Served, startText } from "../../src/cli/start_text.ts";
import { hashSecret } from "../../src/access/key_hash.ts";
import { parseConfig } from "../../src/config/schema.ts";

const SERVED: Served = {
  rtmpPort: 1935,
  httpPort: 8080,
  rtmpsPort: undefined,
  httpsPort: undefined,
  adminPort: undefined,
  webrtcPorts: [8000],
  webtransportPorts: undefined,
  udpFamilies: { ipv4: true, ipv6: false },
  certificate: undefined,
};

/** The lines from "publish" on, without what they all begin with. */
function addressesFor(access: unknown): string[] {
  const config = parseConfig({ access }, 1);
  const text = startText("1.2.3", config, SERVED);
  assertStringIncludes(text, "Sluice 1.2.3, 1 shard\n");
  return text.slice(text.indexOf("  publish")).split("\n").map((line) => line.trim());
}

const HASH = hashSecret("0123456789abcdef", new Uint8Array(16));
const KEY = { id: "camera", hash: HASH, paths: ["live/camera"] };
const HOOK = { url: "http://127.0.0.1:9000/" };

Deno.test("startText: where everybody may, names are enough", () => {
  assertEquals(addressesFor({}), [
    "publish    rtmp://localhost/live/NAME   (OBS: server rtmp://localhost/live, stream key NAME)",
    "http://localhost:8080/live/NAME/whip   (WebRTC: browsers, and OBS by WHIP)",
    "watch      http://localhost:8080/   (a page with a player)",
    "http://localhost:8080/live/NAME/whep   (WebRTC, for players of WHEP)",
    "http://localhost:8080/live/NAME.flv   (HTTP-FLV; the same over ws://)",
    "rtmp://localhost/live/NAME   (RTMP players)",
    "",
    "!! OPEN: whoever reaches the ports may publish and watch; access.keys, rules, jwt or hooks " +
    "close it: see docs/access.md; --host 127.0.0.1 for this machine only",
    "Ready. Stop with Ctrl+C.",
  ]);
});

Deno.test("startText: where publishing needs a key, addresses have a place for it", () => {
  const lines = addressesFor({ keys: [KEY], otherwise: { play: "allow" } });
  assertEquals(lines.slice(0, 4), [
    "publish    rtmp://localhost/live/NAME?token=TOKEN   (OBS: server rtmp://localhost/live, " +
    "stream key NAME?token=TOKEN)",
    "http://localhost:8080/live/NAME/whip?token=TOKEN   (WebRTC: browsers, and OBS by WHIP)",
    "TOKEN is a stream key, ID.SECRET",
    "watch      http://localhost:8080/   (a page with a player)",
  ]);
});

/** What is said of publishing and of watching, by what is configured. */
const CASES: readonly (readonly [access: unknown, publish: string, play: string])[] = [
  [
    {
      keys: [KEY],
      signedUrls: { secrets: [{ id: "a", secret: "0123456789abcdef" }] },
      jwt: { secret: "0123456789abcdef0123456789abcdef" },
      hooks: [{ ...HOOK, events: ["on_publish", "on_unpublish"] }],
    },
    "TOKEN is a stream key, ID.SECRET, or a signed URL's, by `sluice sign-url`, or a JSON Web " +
    "Token, or what a hook takes",
    "TOKEN is a signed URL's, by `sluice sign-url`, or a JSON Web Token",
  ],
  [
    { hooks: [HOOK], rules: [{ decision: "allow", actions: ["play"] }] },
    "TOKEN is what a hook takes",
    "TOKEN is what a hook takes; access.rules name who needs none",
  ],
  [
    { rules: [{ decision: "allow", actions: ["play"] }] },
    "nobody may: no key, rule, token or hook of access is for it",
    "access.rules name who needs none",
  ],
];

Deno.test("startText: what is asked for is what is configured", () => {
  for (const [access, publish, play] of CASES) {
    const lines = addressesFor(access);
    assertEquals([lines[2], lines.at(-2)], [publish, play]);
  }
});
