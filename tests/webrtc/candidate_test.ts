import { assert, assertEquals, assertThrows } from "@std/assert";
import { formatCandidate, hostCandidates, parseCandidate } from "../../src/webrtc/candidate.ts";
import { WebrtcError } from "../../src/webrtc/webrtc_error.ts";

Deno.test("candidates: ours, by preference, and read again", () => {
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
  assertEquals(candidates.map((candidate) => parseCandidate(formatCandidate(candidate))), [
    ...candidates,
  ]);
});

Deno.test("candidates: those of browsers", () => {
  const cases = [
    [
      "candidate:3742326956 1 udp 2113937151 22f51287-bdbb-40b2-aa16-fa1b4e9e9c17.local 36014 typ host generation 0 network-cost 999",
      ["udp", "22f51287-bdbb-40b2-aa16-fa1b4e9e9c17.local", 36014, "host", undefined],
    ],
    [
      "candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag ib+b network-cost 999",
      ["udp", "198.51.100.7", 46154, "srflx", undefined],
    ],
    [
      "candidate:1 1 TCP 2105458943 192.0.2.9 9 typ host tcptype active",
      ["tcp", "192.0.2.9", 9, "host", "active"],
    ],
    [
      "candidate:0 1 UDP 2122252543 2001:db8::5 50000 typ host",
      ["udp", "2001:db8::5", 50000, "host", undefined],
    ],
  ] as const;
  for (const [text, expected] of cases) {
    const { transport, address, port, type, tcpType } = parseCandidate(text)!;
    assertEquals<readonly unknown[]>([transport, address, port, type, tcpType], expected);
  }
});

Deno.test("candidates: unknown transports and types are ignored, all else is refused", () => {
  const ignored = [
    "candidate:1 1 ssltcp 1 192.0.2.1 443 typ host",
    "candidate:1 1 udp 1 192.0.2.1 443 typ quantum",
    "candidate:1 1 udp 1 192.0.2.1 443 typ constructor",
  ];
  for (const text of ignored) assertEquals(parseCandidate(text), undefined, text);
  const refused = [
    "",
    "candidate:",
    "1 1 udp 1 192.0.2.1 443 typ host",
    "candidate:1 1 udp 1 192.0.2.1 443",
    "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
    "candidate:1 x udp 1 192.0.2.1 443 typ host",
    "candidate:1 1 udp 1 192.0.2.1 443 typ host\r\na=evil",
    "candidate:1 1 tcp 1 192.0.2.1 443 typ host",
    "candidate:1 1 tcp 1 192.0.2.1 443 typ host tcptype constructor",
    "candidate:1 1 udp 1 192.0.2.1 443 typ host" + " a b".repeat(200),
  ];
  for (const text of refused) assertThrows(() => parseCandidate(text), WebrtcError);
});

Deno.test("candidates: a long line takes no long time", () => {
  const started = performance.now();
  for (let round = 0; round < 200; round++) {
    const text = `candidate:1 1 udp 1 a 1 typ host${" x".repeat(239)}\t`;
    assertThrows(() => parseCandidate(text), WebrtcError);
  }
  assert(performance.now() - started < 1000);
});
