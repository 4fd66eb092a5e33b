/** The number of a frame that frame_num left out: it was never received (H.264 8.2.5.2). */
export const NON_EXISTING = -1;

/** `longTermFrameIdx` of a frame used for short-term reference. */
export const SHORT_TERM = -1;

/** A frame that later pictures may refer to. */
export interface H264ReferenceFrame {
  /** The picture's, as the tracker numbers them, or {@linkcode NON_EXISTING}. */
  readonly pictureId: number;
  /** Whether it decodes to what the full stream's decoder has. */
  readonly isExact: boolean;
  readonly frameNum: number;
  /** FrameNumWrap, which is PicNum of a frame (H.264 8.2.4.1). */
  picNum: number;
  /** {@linkcode SHORT_TERM} unless it is used for long-term reference. */
  longTermFrameIdx: number;
}
