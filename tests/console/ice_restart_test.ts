import { assertEquals, assertStringIncludes } from "@std/assert";
import { restartedAnswer, restartFragment } from "../../src/console/ice_restart.js";
import {
  parseTrickleFragment,
  writeTrickleFragment,
} from "../../src/webrtc/sdp/trickle_fragment.ts";

const OFFER = [
  ...["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"],
  ...["m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=ice-ufrag:newu"],
  ...["a=ice-pwd:a-new-password-of-24-chars", "a=mid:0", "a=sendonly"],
  ...["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=ice-ufrag:newu"],
  ...["a=ice-pwd:a-new-password-of-24-chars", "a=mid:1", "a=sendonly", ""],
].join("\r\n");

const ANSWER = [
  ...["v=0", "a=group:BUNDLE 0 1", "a=ice-lite", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0"],
  ...["a=ice-ufrag:old1", "a=ice-pwd:an-old-password-of-24-char"],
  ...[
    "a=candidate:1 1 UDP 1 192.0.2.1 8000 typ host",
    "a=candidate:2 1 TCP 1 192.0.2.1 8000 typ host",
  ],
  ...["a=end-of-candidates", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=ice-ufrag:old1"],
  ...["a=ice-pwd:an-old-password-of-24-char", "a=recvonly", ""],
].join("\r\n");

Deno.test("restartFragment: what the gateway reads of it are the offer's new credentials", () => {
  const fragment = restartFragment(OFFER);
  assertEquals(parseTrickleFragment(fragment), {
    ufrag: "newu",
    password: "a-new-password-of-24-chars",
  });
  assertEquals(fragment.split("\r\n"), [
    "a=group:BUNDLE 0 1",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0",
    "a=ice-ufrag:newu",
    "a=ice-pwd:a-new-password-of-24-chars",
    "",
  ]);
  const ofSession = OFFER.replaceAll(/a=ice-.*\r\n/g, "")
    .replace("t=0 0\r\n", "t=0 0\r\na=ice-ufrag:newu\r\na=ice-pwd:a-new-password-of-24-chars\r\n");
  assertEquals(parseTrickleFragment(restartFragment(ofSession)).ufrag, "newu");
});

Deno.test("restartedAnswer has the gateway's new credentials and candidates, and all else as it was", () => {
  const fragment = writeTrickleFragment({
    local: { ufrag: "new2", password: "the-gateway's-new-password" },
    candidates: [{
      ...{ foundation: "1", priority: 1, transport: "udp", address: "192.0.2.7", port: 8001 },
      tcpType: undefined,
    }],
  }, {
    mids: ["0", "1"],
    media: "audio",
    protocol: "UDP/TLS/RTP/SAVPF",
    format: "111",
  });
  const answer = restartedAnswer(ANSWER, fragment);
  assertStringIncludes(answer, "192.0.2.7 8001");
  for (const old of ["old1", "an-old-password", "192.0.2.1"]) {
    assertEquals(answer.includes(old), false, old);
  }
  assertEquals(answer.match(/a=ice-ufrag:new2\r\n/g)?.length, 2);
  const kept = (sdp: string) =>
    sdp.split("\r\n").filter((line) => !/^a=(candidate|ice-(ufrag|pwd)):/.test(line));
  assertEquals(kept(answer), kept(ANSWER));
});

Deno.test("restartedAnswer: candidates stay where the gateway names none", () => {
  const fragment = "a=ice-ufrag:new2\na=ice-pwd:the-gateway's-new-password\n";
  const answer = restartedAnswer(ANSWER, fragment);
  assertEquals(answer.match(/a=candidate:/g)?.length, 2);
  assertStringIncludes(answer, "a=ice-ufrag:new2");
});
