/**
 * Offers of publishers. Chromium's (156, headless, with its fake camera), Firefox's (153 ESR, of a canvas) and
 * GStreamer's (webrtcbin 1.22) are their own; that of OBS 30 is written after what libdatachannel sends.
 */
const FIXTURES = new URL("../fixtures/", import.meta.url);

function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`whip_offer_${name}.sdp`, FIXTURES));
}

export const PUBLISH_OFFERS = {
  chromium: fixture("chromium"),
  /** With three layers of simulcast. */
  chromiumSimulcast: fixture("chromium_simulcast"),
  firefox: fixture("firefox"),
  gstreamer: fixture("gstreamer"),
  obs: fixture("obs"),
} as const;
