/**
 * Inputs that once escaped, hung or were slow, by their target, as `fuzz.ts` prints them: they are
 * executed in every run of the tests.
 */
export const FINDINGS: readonly { readonly target: string; readonly hex: string }[] = [
  // A value that held itself was dropped with a property written twice.
  { target: "amf3", hex: "0a0b0103650a00000a010009050109040a02010009050109040201" },
];
