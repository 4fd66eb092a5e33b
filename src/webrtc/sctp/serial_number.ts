/** Whether a number of 32 bits, which go round, comes after another (RFC 1982). */
export function isAfter(number: number, other: number): boolean {
  return (number - other | 0) > 0;
}

/** The number behind one of 32 bits. */
export function next(number: number): number {
  return number + 1 >>> 0;
}
