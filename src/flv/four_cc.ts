/**
 * The four characters in which Enhanced RTMP names a codec, as the big-endian number they are on
 * the wire (Enhanced RTMP v2, "VideoFourCc" and "AudioFourCc").
 */
export const FourCc = {
  h264: 0x61766331,
  h265: 0x68766331,
  av1: 0x61763031,
  vp9: 0x76703039,
  vp8: 0x76703038,
  opus: 0x4f707573,
  flac: 0x664c6143,
  ac3: 0x61632d33,
  eac3: 0x65632d33,
  mp3: 0x2e6d7033,
  aac: 0x6d703461,
} as const;

/**
 * A FourCC as text, such as "hvc1". Bytes that are no printable ASCII become "?", because the text
 * ends up in logs and answers.
 */
export function fourCcText(fourCc: number): string {
  let text = "";
  for (const shift of [24, 16, 8, 0]) {
    const byte = (fourCc >>> shift) & 0xff;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?";
  }
  return text;
}
