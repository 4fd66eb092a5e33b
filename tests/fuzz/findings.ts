/**
 * Inputs that once escaped, hung or were slow, by their target, as `fuzz.ts` prints them: they are
 * executed in every run of the tests.
 */
export const FINDINGS: readonly { readonly target: string; readonly hex: string }[] = [
  // A value that held itself was dropped with a property written twice.
  { target: "amf3", hex: "0a0b0103650a00000a010009050109040a02010009050109040201" },
  // A picture that had nothing but units to be passed over became a frame without a picture.
  {
    target: "received-media-h264",
    hex:
      "2b90e0fde8fffff000000003e8bede0002403031ffdc00000078000865888400ff94d94a00066512221003ff" +
      "2b90e0fde9fffffe10000003e8bede0002403031ffdd00000078000865888400ff94d94a00066512221003ff" +
      "2b90e0fdea00000c20000003e8bede00024030de0002403131ff",
  },
];
