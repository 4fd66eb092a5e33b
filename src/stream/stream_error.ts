/** Thrown by the stream room for what a publisher sends and the log cannot hold. */
export class StreamError extends Error {
  override name = "StreamError";
}
