import { assertEquals, assertThrows } from "@std/assert";
import { hostCandidates } from "../../src/webrtc/candidate.ts";
import {
  MAX_TRICKLED_CANDIDATES,
  parseTrickleFragment,
  writeTrickleFragment,
} from "../../src/webrtc/trickle_fragment.ts";
import { WebrtcError } from "../../src/webrtc/webrtc_error.ts";
import { surviveMutations } from "../mutation.ts";
import { TRICKLE_FRAGMENT } from "./offers.ts";

Deno.test("trickle: a fragment as RFC 8840 9 has it, credentials first", () => {
  const fragment = parseTrickleFragment(TRICKLE_FRAGMENT);
  assertEquals([fragment.ufrag, fragment.password], ["EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"]);
  assertEquals(
    fragment.sections.map(({ mid, candidates, endOfCandidates }) => [
      mid,
      candidates.map(({ address }) => address),
      endOfCandidates,
    ]),
    [["0", ["203.0.113.1", "2001:db8::1"], false], ["1", [], true]],
  );
});

Deno.test("trickle: credentials in the section, end of candidates before the first", () => {
  const inSection = parseTrickleFragment(
    "m=audio 9 RTP/AVP 0\na=mid:a\na=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n",
  );
  assertEquals(inSection.ufrag, "EsAw");
  assertEquals(inSection.sections, [{ mid: "a", candidates: [], endOfCandidates: false }]);
  const early = parseTrickleFragment(
    "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\na=end-of-candidates",
  );
  assertEquals(early.sections, [{ mid: undefined, candidates: [], endOfCandidates: true }]);
});

Deno.test("trickle: refused without credentials, with bad lines or too many candidates", () => {
  const credentials = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
  const line = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
  const cases = [
    ["", "ice-ufrag"],
    ["a=ice-ufrag:EsAw", "ice-pwd"],
    ["a=ice-ufrag:Es\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "ice-ufrag"],
    ["a=ice-ufrag:EsAw\r\na=ice-pwd:short", "ice-pwd"],
    [credentials + "a=candidate:nonsense", "Cannot parse candidate"],
    [credentials + "nonsense", "a line must be"],
    [credentials + line.repeat(MAX_TRICKLED_CANDIDATES + 1), "must be up to 64"],
  ] as const;
  for (const [text, message] of cases) {
    assertThrows(() => parseTrickleFragment(text), WebrtcError, message);
  }
  const many = parseTrickleFragment(credentials + line.repeat(MAX_TRICKLED_CANDIDATES));
  assertEquals(many.sections[0]?.candidates.length, MAX_TRICKLED_CANDIDATES);
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
