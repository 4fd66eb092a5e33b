import { assertEquals } from "@std/assert";
import { formatCandidate, hostCandidates } from "../../../src/webrtc/ice/candidate.ts";

Deno.test("candidates: ours, by preference", () => {
  const candidates = hostCandidates([
    { transport: "udp", hostname: "192.0.2.1", port: 8000 },
    { transport: "udp", hostname: "2001:db8::1", port: 8000 },
    { transport: "tcp", hostname: "192.0.2.1", port: 8000 },
    { transport: "tcp", hostname: "2001:db8::1", port: 8000 },
  ]);
  assertEquals(candidates.map(formatCandidate), [
    "candidate:1 1 udp 2130706431 192.0.2.1 8000 typ host",
    "candidate:2 1 udp 2130706175 2001:db8::1 8000 typ host",
    "candidate:3 1 tcp 1520434687 192.0.2.1 8000 typ host tcptype passive",
    "candidate:4 1 tcp 1520434431 2001:db8::1 8000 typ host tcptype passive",
  ]);
});
