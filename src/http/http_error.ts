/** A request that cannot be served as it is, with the status to answer (RFC 9110 15). */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
