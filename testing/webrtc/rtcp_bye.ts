import type { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { RTCP_TYPE } from "../../src/rtp/rtcp.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";

/** Version 2, no padding, no sources. */
const FIRST_BYTE = 0x80;

/** Sources of one BYE: its count has 5 bits. */
const MAX_BYE_SOURCES = 31;

/**
 * Adds a BYE without a reason (RFC 3550 6.6).
 *
 * @throws {RtpError} if there are more than 31 sources; nothing is written then.
 */
export function writeBye(writer: ByteWriter, ssrcs: readonly number[]): void {
  if (ssrcs.length > MAX_BYE_SOURCES) {
    throw new RtpError(
      `Cannot write BYE: must be up to ${MAX_BYE_SOURCES} sources, got ${ssrcs.length}`,
    );
  }
  writer.u8(FIRST_BYTE | ssrcs.length).u8(RTCP_TYPE.BYE).u16(ssrcs.length);
  for (const ssrc of ssrcs) writer.u32(ssrc);
}
