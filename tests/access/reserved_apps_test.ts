import { assertEquals } from "@std/assert";
import { reservedRefusal } from "../../src/access/reserved_apps.ts";

Deno.test("reserved are applications, not names, and not for the API", () => {
  for (const action of ["publish", "play"] as const) {
    for (const path of ["api/a", "obs/multitrack/a", "metrics/x"]) {
      const reason = `The application ${path.split("/")[0]} is reserved.`;
      assertEquals(reservedRefusal(action, path)?.reason, reason);
    }
    for (const path of ["live/api", "api", "apis/a", "API/a", "", "live/a"]) {
      assertEquals(reservedRefusal(action, path), undefined);
    }
  }
  assertEquals(reservedRefusal("api", "api/a"), undefined);
});
