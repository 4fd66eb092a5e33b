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

/** The inverse of {@linkcode removeEmulationPrevention}: a copy fit for a NAL unit (H.264 7.4.1). */
export function addEmulationPrevention(plain: Uint8Array): Uint8Array<ArrayBuffer> {
  // At worst one byte more for every two.
  const payload = new Uint8Array(plain.length + (plain.length >> 1));
  let length = 0;
  let zeros = 0;
  for (const byte of plain) {
    if (zeros >= 2 && byte <= 3) {
      payload[length++] = 3;
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    payload[length++] = byte;
  }
  return payload.slice(0, length);
}
