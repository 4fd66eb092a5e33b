/** A request about a viewer that another shard has. */
export interface ForwardedRequest {
  readonly method: "GET" | "PATCH" | "DELETE";
  /** The viewer's name in the URL. */
  readonly resource: string;
  readonly contentType: string;
  readonly ifMatch: string | undefined;
  readonly body: Uint8Array;
}

/** What the other shard answers. */
export interface ForwardedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
