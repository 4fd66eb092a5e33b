import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { SrtcpReceiver, SrtcpSender } from "../../src/srtp/srtcp.ts";
import { SrtpError } from "../../src/srtp/srtp_error.ts";
import { HandshakeReassembler, readHandshakeFragment } from "../../src/webrtc/dtls/fragments.ts";
import { DTLS_CONTENT, parseDtlsAlert, readDtlsRecord } from "../../src/webrtc/dtls/record.ts";
import { WebrtcError } from "../../src/webrtc/webrtc_error.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const SRTCP_MASTER = { key: new Uint8Array(16).fill(1), salt: new Uint8Array(14).fill(2) };
const SRTCP_SAMPLES = [8, 32, 100].map((length, index) => {
  const packet = new Uint8Array(length).fill(length);
  return new SrtcpSender(SRTCP_MASTER).protect(packet, index);
});
const SRTCP_DIGITS = new Set(SRTCP_SAMPLES.map(toHex));

const DTLS_SAMPLES = [
  "16 fefd 0000 000000000001 000f 01 000006 0000 000000 000003 aabbcc",
  "16 fefd 0000 000000000002 001d 01 000006 0000 000000 000003 aabbcc 0e 000002 0001 000000 000002 dddd",
  "15 fefd 0000 000000000003 0002 0100 14 feff 0000 000000000004 0001 01",
].map(fromHex);

export const DTLS_TARGETS: readonly FuzzTarget[] = [
  { name: "srtcp", corpus: SRTCP_SAMPLES, allowed: SrtpError, run: unprotectRtcp },
  { name: "dtls", corpus: DTLS_SAMPLES, allowed: WebrtcError, run: readDtlsDatagram },
];

/** Accepts what is rightly taken or refused: of mutations nothing else can be accepted. */
function unprotectRtcp(bytes: Uint8Array): void {
  const isAuthentic = SRTCP_DIGITS.has(toHex(bytes));
  try {
    new SrtcpReceiver(SRTCP_MASTER).unprotect(bytes);
  } catch (error) {
    if (isAuthentic || !(error instanceof SrtpError)) throw error;
    return;
  }
  if (!isAuthentic) throw new Error("Cannot pass: a changed packet was accepted");
}

function readDtlsDatagram(bytes: Uint8Array): void {
  const reassembler = new HandshakeReassembler();
  const reader = new ByteReader(bytes, WebrtcError);
  while (reader.remaining > 0) {
    const { contentType, fragment } = readDtlsRecord(reader);
    if (contentType === DTLS_CONTENT.alert) parseDtlsAlert(fragment);
    if (contentType !== DTLS_CONTENT.handshake) continue;
    const fragments = new ByteReader(fragment, WebrtcError);
    while (fragments.remaining > 0) reassembler.push(readHandshakeFragment(fragments));
    while (reassembler.next() !== undefined);
  }
}
