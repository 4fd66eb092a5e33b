/**
 * The payload of a NAL unit without emulation prevention: every 0x03 that follows two zero bytes
 * removed (H.264 7.3.1, H.265 7.3.1.1). A copy, which ends with `limit` bytes of payload at most,
 * so that a header can be read without touching the picture behind it.
 */
export function removeEmulationPrevention(
  payload: Uint8Array,
  limit = payload.length,
): Uint8Array<ArrayBuffer> {
  const plain = new Uint8Array(Math.min(limit, payload.length));
  let length = 0;
  let zeros = 0;
  for (let at = 0; at < payload.length && length < plain.length; at++) {
    const byte = payload[at]!;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    plain[length++] = byte;
  }
  return plain.subarray(0, length);
}
