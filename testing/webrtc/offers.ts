/**
 * Offers and fragments for tests. Chromium's are its own (156, headless, `addTransceiver` with
 * `recvonly`), and so is that of whepsrc; the others are written after what those browsers send.
 */
const FIXTURES = new URL("../fixtures/", import.meta.url);

function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`webrtc_offer_${name}.sdp`, FIXTURES));
}

export const OFFERS = {
  chromium: fixture("chromium"),
  chromiumVideo: fixture("chromium_video"),
  chromiumAudio: fixture("chromium_audio"),
  firefox: fixture("firefox"),
  firefoxWithoutH264: fixture("firefox_without_h264"),
  /** With H.264 in Constrained High, H.265, mids that are words, and a data channel. */
  safari: fixture("safari"),
  /** GStreamer's, of gst-plugin-webrtchttp 0.12.10: without channels, modes and profiles. */
  whepsrc: fixture("whepsrc"),
} as const;

export const TRICKLE_FRAGMENT = [
  "a=ice-ufrag:EsAw",
  "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 0",
  "a=mid:0",
  "a=candidate:1387637174 1 udp 2122260223 203.0.113.1 61764 typ host generation 0 ufrag EsAw",
  "a=candidate:3471623853 1 udp 2122194687 2001:db8::1 61765 typ host generation 0 ufrag EsAw",
  "a=candidate:473322822 1 ssltcp 1518280447 203.0.113.1 443 typ host",
  "m=video 9 UDP/TLS/RTP/SAVPF 0",
  "a=mid:1",
  "a=end-of-candidates",
  "",
].join("\r\n");
