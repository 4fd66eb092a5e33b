/** What became of a packet; all but "taken" are names for counters. */
export type RtpVerdict =
  | "taken"
  /** Sent again, in place of one that was lost. */
  | "repaired"
  | "duplicate"
  /** Given up, or so far off that it may be of another time. */
  | "late"
  | "unknown-source"
  | "unknown-payload"
  | "malformed"
  /** More than is held: all that was is let go of. */
  | "overflow"
  /** Without anything in it. */
  | "padding";
