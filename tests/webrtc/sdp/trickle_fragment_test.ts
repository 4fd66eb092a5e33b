import { assertEquals, assertThrows } from "@std/assert";
import { hostCandidates } from "../../../src/webrtc/ice/candidate.ts";
import {
  parseTrickleFragment,
  writeTrickleFragment,
} from "../../../src/webrtc/sdp/trickle_fragment.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import { TRICKLE_FRAGMENT } from "../../../testing/webrtc/offers.ts";

const CREDENTIALS = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
const TOLD = { ufrag: "EsAw", password: "P2uYro0UCOQ4zxjKXaWCBui1" };

Deno.test("trickle: credentials stand in front, as RFC 8840 9 has it, or in a section", () => {
  assertEquals(parseTrickleFragment(TRICKLE_FRAGMENT), TOLD);
  assertEquals(parseTrickleFragment(`m=audio 9 RTP/AVP 0\na=mid:a\n${CREDENTIALS}`), TOLD);
  assertEquals(parseTrickleFragment(`${CREDENTIALS}a=end-of-candidates`), TOLD);
});

Deno.test("trickle: no candidate is a reason to refuse", () => {
  const media = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";
  const candidates = [
    "a=candidate:candidate:3471623853 1 udp 2130706431 192.0.2.1 9 typ host",
    "a=candidate:nonsense",
    "a=candidate:1 1 udp 1 192.0.2.1 99999 typ host",
    "a=candidate:1 1 tcp 1 192.0.2.1 9 typ host",
    "a=candidate",
    "a=candidate:",
  ];
  for (const line of candidates) {
    assertEquals(parseTrickleFragment(`${CREDENTIALS}${media}${line}\r\n`), TOLD, line);
  }
  const many = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n".repeat(96);
  assertEquals(parseTrickleFragment(`${CREDENTIALS}${media}${many}`), TOLD);
});

Deno.test("trickle: refused without credentials, and with lines that are none", () => {
  const cases = [
    ["", "ice-ufrag"],
    ["a=ice-ufrag:EsAw", "ice-pwd"],
    ["a=ice-ufrag:Es\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "ice-ufrag"],
    ["a=ice-ufrag:EsAw\r\na=ice-pwd:short", "ice-pwd"],
    [CREDENTIALS + "nonsense", "a line must be"],
  ] as const;
  for (const [text, message] of cases) {
    assertThrows(() => parseTrickleFragment(text), WebrtcError, message);
  }
});

Deno.test("trickle: the answer to a restart", () => {
  const text = writeTrickleFragment(
    {
      local: { ufrag: "ours1234", password: "password/of/the/server+1" },
      candidates: hostCandidates([{ transport: "udp", hostname: "192.0.2.1", port: 8000 }]),
    },
    { mids: ["0", "1"], media: "audio", protocol: "UDP/TLS/RTP/SAVPF", format: "111" },
  );
  assertEquals(text.split("\r\n"), [
    "a=ice-lite",
    "a=ice-options:trickle",
    "a=group:BUNDLE 0 1",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0",
    "a=ice-ufrag:ours1234",
    "a=ice-pwd:password/of/the/server+1",
    "a=candidate:1 1 udp 2130706431 192.0.2.1 8000 typ host",
    "a=end-of-candidates",
    "",
  ]);
  assertEquals(parseTrickleFragment(text).ufrag, "ours1234");
});

Deno.test("trickle: survives mutation", () => {
  const text = new TextDecoder();
  surviveMutations(
    [new TextEncoder().encode(TRICKLE_FRAGMENT)],
    (bytes) => parseTrickleFragment(text.decode(bytes)),
    WebrtcError,
  );
});
