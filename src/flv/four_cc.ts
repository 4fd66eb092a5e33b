/**
 * The four characters in which Enhanced RTMP names a codec, such as "hvc1", from `offset` on. Bytes
 * that are no printable ASCII become "?", because the text ends up in logs and answers.
 */
export function fourCcAt(bytes: Uint8Array, offset: number): string {
  let text = "";
  for (const byte of bytes.subarray(offset, offset + 4)) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?";
  }
  return text;
}
