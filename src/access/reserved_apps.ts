import type { AccessAction, Refused } from "./access.ts";

/** Applications under which the gateway itself answers, now or later: no stream is there. */
const RESERVED: ReadonlySet<string> = new Set([
  ...["api", "rtc", "assets", "metrics", "healthz", "readyz", "obs"],
]);

/** Why nobody may publish or play a path, whatever it brings; `undefined` if it is not reserved. */
export function reservedRefusal(action: AccessAction, path: string): Refused | undefined {
  const slash = path.indexOf("/");
  const app = path.slice(0, Math.max(0, slash));
  if (action === "api" || !RESERVED.has(app)) return undefined;
  return {
    kind: "refuse",
    status: "forbidden",
    reason: `The application ${app} is reserved.`,
    cause: "reserved application",
    decidedBy: "its name",
  };
}
