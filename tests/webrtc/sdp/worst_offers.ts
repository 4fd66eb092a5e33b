import { MAX_SDP_FORMATS, MAX_SDP_LENGTH, MAX_SDP_LINES } from "../../../src/webrtc/sdp/lines.ts";

/** What answers can take up, for all payload types at once. */
const FEEDBACK = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];

const SESSION = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
const TRANSPORT = [
  "a=ice-ufrag:ib+b",
  "a=ice-pwd:zIDjjN8oRBTbs2h1dLAkXEAK",
  `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
  "a=setup:actpass",
  "a=rtcp-mux",
  "a=recvonly",
];

/**
 * Offers that are answered, each of which fills a limit with what would cost most: many sections of
 * many formats with feedback for all, many lines, long lines, long names.
 */
export function worstOffers(): string[] {
  return [
    offerOf(8, 20, () => FEEDBACK.map((kind) => `a=rtcp-fb:* ${kind}`), (type) => [
      `a=rtpmap:${type} H264/90000`,
    ]),
    offerOf(2, MAX_SDP_FORMATS, () => Array(250).fill("a=rtcp-fb:* nack"), () => []),
    offerOf(1, MAX_SDP_FORMATS, () => [], (type) => [
      `a=rtpmap:${type} H264/90000`,
      ...FEEDBACK.map((kind) => `a=rtcp-fb:${type} ${kind}`),
    ]),
    offerOf(1, 12, () => [], (type) => [
      `a=rtpmap:${type} H264/90000`,
      `a=fmtp:${type} ${"parameter=value;".repeat(55)}`,
    ]),
    filled("a=x"),
    filled(`a=${"x".repeat(1000)}`),
  ];
}

function offerOf(
  sectionCount: number,
  formatCount: number,
  linesOfSection: () => readonly string[],
  linesOfFormat: (payloadType: number) => readonly string[],
): string {
  const types = Array.from({ length: formatCount }, (_, at) => 120 - at);
  const sections = Array.from({ length: sectionCount }, (_, mid) => [
    `m=video 9 UDP/TLS/RTP/SAVPF ${types.join(" ")}`,
    `a=mid:${mid}${"m".repeat(31)}`,
    ...TRANSPORT,
    // What it is answered by: the first line of each kind counts.
    `a=rtpmap:${types[0]} H264/90000`,
    `a=fmtp:${types[0]} packetization-mode=1;profile-level-id=42e01f`,
    ...linesOfSection(),
    ...types.flatMap(linesOfFormat),
  ]);
  const mids = sections.map(([, mid]) => mid!.slice("a=mid:".length));
  const lines = [...SESSION, `a=group:BUNDLE ${mids.join(" ")}`, ...sections.flat()];
  return checked(lines.join("\r\n") + "\r\n");
}

/** A plain offer, followed by as many of these lines as the limits let through. */
function filled(line: string): string {
  const start = offerOf(1, 1, () => [], () => []);
  const room = Math.floor((MAX_SDP_LENGTH - start.length) / (line.length + 2));
  const count = Math.min(room, MAX_SDP_LINES - start.split("\r\n").length);
  return checked(start + `${line}\r\n`.repeat(count));
}

function checked(offer: string): string {
  if (offer.length <= MAX_SDP_LENGTH && offer.split("\r\n").length <= MAX_SDP_LINES) return offer;
  throw new Error(`An offer of ${offer.length} characters is beyond the limits`);
}
