/**
 * The 4 or 16 bytes of an IP address in text.
 *
 * @param address one that is known to be valid; IPv6 may be compressed or end in IPv4
 */
export function ipAddressBytes(address: string): Uint8Array<ArrayBuffer> {
  if (!address.includes(":")) return Uint8Array.from(address.split(".").map(Number));
  // URLs normalise IPv6: lower case, no IPv4 at the end, the longest row of zeros compressed.
  const normal = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [head = "", tail] = normal.split("::");
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = Array<number>(8 - front.length - back.length).fill(0);
  return Uint8Array.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group]));
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}
