import { TAG_OVERHEAD } from "../../src/flv/tag.ts";

/** With the size of no tag before the first. */
const FLV_HEADER_BYTES = 13;

/** A recording without what its player had not got to the end when it was stopped. */
export function wholeTags(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  let end = FLV_HEADER_BYTES;
  while (end + TAG_OVERHEAD <= bytes.length) {
    const next = end + TAG_OVERHEAD + (view.getUint32(end) & 0xffffff);
    if (next > bytes.length) break;
    end = next;
  }
  return bytes.subarray(0, end);
}
