/**
 * Gives the memory of a large buffer back at once. The engine would do so when it next collects its
 * garbage, and of what lies outside its heap it lets tens of MiB come together before. Nobody may
 * use the buffer, or a view of it, any more.
 */
export function freeBuffer({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
