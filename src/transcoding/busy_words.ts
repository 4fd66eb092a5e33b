/** Words of the memory that tells whether the worker hangs, and on which stream. */
export const Busy = {
  /** 1 while an access unit is being transcoded. */
  isBusy: 0,
  /** The stream's id. */
  id: 1,
  /** Grows with each access unit: who is busy does not hang. */
  beats: 2,
} as const;
