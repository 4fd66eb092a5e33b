/**
 * Offers of publishers, as they sent them: Chromium 156 (headless, with its fake camera), Firefox 153
 * ESR (of a canvas), GStreamer 1.22 (webrtcbin and whipsink), OBS 30.2, pion 3.3 and aiortc 1.16.
 */
const FIXTURES = new URL("../fixtures/", import.meta.url);

function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`whip_offer_${name}.sdp`, FIXTURES));
}

export const PUBLISH_OFFERS = {
  aiortc: fixture("aiortc"),
  chromium: fixture("chromium"),
  /** With three layers of simulcast. */
  chromiumSimulcast: fixture("chromium_simulcast"),
  firefox: fixture("firefox"),
  gstreamer: fixture("gstreamer"),
  obs: fixture("obs"),
  obsAv1: fixture("obs_av1"),
  /** Without candidates, which it trickles. */
  pion: fixture("pion"),
  whipsink: fixture("whipsink"),
} as const;
