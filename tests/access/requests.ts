import type { AccessRequest } from "../../src/access/access.ts";

/** A question, in what a test does not care about like that of an RTMP client. */
export function accessRequest(parts: Partial<AccessRequest> = {}): AccessRequest {
  return {
    action: "publish",
    path: "live/test",
    protocol: "rtmp",
    address: "192.0.2.7",
    credentials: {},
    query: "",
    userAgent: undefined,
    id: "0-abc",
    ...parts,
  };
}
