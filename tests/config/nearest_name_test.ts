import { assertEquals } from "@std/assert";
import { nearestName } from "../../src/config/nearest_name.ts";

const KNOWN = ["rtmpPort", "rtmpsPort", "httpPort", "shards", "tls", "host"];

Deno.test("nearestName: letters missing, too many, wrong or swapped; case and dashes aside", () => {
  const names: readonly (readonly [name: string, nearest: string | undefined])[] = [
    ["rtmpPrt", "rtmpPort"],
    ["rtmpPortt", "rtmpPort"],
    ["rtmpPost", "rtmpPort"],
    ["rmtpPort", "rtmpPort"],
    ["rtmpsport", "rtmpsPort"],
    ["rtmp-port", "rtmpPort"],
    ["HTTP_PORT", "httpPort"],
    ["shard", "shards"],
    ["tsl", "tls"],
    ["x", undefined],
    ["", undefined],
    ["colour", undefined],
    ["rtmpPort".repeat(1000), undefined],
  ];
  for (const [name, nearest] of names) assertEquals(nearestName(name, KNOWN), nearest, name);
});
