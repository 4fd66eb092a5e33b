/** The packets of an Ogg file with one stream (RFC 3533 6), headers first. */
export function oggPackets(file: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let pieces: number[] = [];
  for (let page = 0; page < file.length;) {
    const segments = file.subarray(page + 27, page + 27 + file[page + 26]!);
    let at = page + 27 + segments.length;
    for (const size of segments) {
      pieces.push(...file.subarray(at, at + size));
      at += size;
      // A segment of 255 bytes is followed by more of its packet.
      if (size === 255) continue;
      packets.push(Uint8Array.from(pieces));
      pieces = [];
    }
    page = at;
  }
  return packets;
}
