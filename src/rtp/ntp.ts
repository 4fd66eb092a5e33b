/** From 1900, where NTP begins, to 1970. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/** An NTP timestamp (RFC 3550 4). */
export interface NtpTime {
  /** Since 1900, 32 bits: wraps in 2036, which changes no difference. */
  readonly seconds: number;
  /** In 2^-32 s. */
  readonly fraction: number;
}

/** @param unixMs since 1970, may be fractional */
export function ntpTime(unixMs: number): NtpTime {
  const wholeSeconds = Math.floor(unixMs / 1000);
  return {
    seconds: (wholeSeconds + NTP_TO_UNIX_SECONDS) >>> 0,
    fraction: Math.floor((unixMs - wholeSeconds * 1000) / 1000 * 2 ** 32) >>> 0,
  };
}

/** The middle 32 bits of an NTP timestamp, in 1/65536 s: how receivers name a report (LSR). */
export function compactNtp({ seconds, fraction }: NtpTime): number {
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}
