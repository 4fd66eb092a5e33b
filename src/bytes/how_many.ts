/**
 * A number of things in words: "1 viewer", "3 new connections".
 *
 * @param things their name in the plural, which must be made by an "s" alone
 */
export function howMany(count: number, things: string): string {
  return `${count} ${count === 1 ? things.replace(/s$/, "") : things}`;
}
