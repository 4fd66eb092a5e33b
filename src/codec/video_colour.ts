/**
 * How the numbers of a picture are meant, by the code points of ITU-T H.273 that H.265, AV1 and
 * "vpcC" share: 2 means unspecified.
 */
export interface VideoColour {
  /** 1 is BT.709, 9 BT.2020. */
  readonly primaries: number;
  /** 1 is BT.709, 16 PQ (HDR10), 18 HLG. */
  readonly transfer: number;
  /** 0 is RGB, 1 BT.709, 9 BT.2020. */
  readonly matrix: number;
  /** Whether all values of a sample are used, rather than the 16 to 235 of television. */
  readonly isFullRange: boolean;
}
