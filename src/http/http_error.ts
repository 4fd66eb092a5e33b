/** A request that cannot be served as it is, with the status to answer (RFC 9110 15). */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  /** What the answer must have beside its status, by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
