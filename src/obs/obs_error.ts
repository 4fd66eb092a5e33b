/** What OBS sends is nothing that it can be answered to. The message is for its user. */
export class ObsError extends Error {
  override readonly name = "ObsError";
}
