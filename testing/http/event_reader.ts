/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Reads server-sent events as they come; dispose of it to leave. */
export class EventReader implements AsyncDisposable {
  readonly events: ServerEvent[] = [];
  readonly #response: Response;
  readonly #client: Deno.HttpClient;
  readonly #leaving: AbortController;
  readonly #reading: Promise<void>;
  /** Comments that have come. */
  comments = 0;
  /** Whether the server has ended it. */
  hasEnded = false;

  private constructor(response: Response, client: Deno.HttpClient, leaving: AbortController) {
    this.#response = response;
    this.#client = client;
    this.#leaving = leaving;
    this.#reading = this.#read().catch((error) => {
      if (!leaving.signal.aborted) throw error;
    });
  }

  /** Over a connection of its own, which the kernel gives to any shard. */
  static async open(url: string): Promise<EventReader> {
    const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const leaving = new AbortController();
    const response = await fetch(url, { client, signal: leaving.signal });
    if (response.status !== 200) {
      const text = await response.text();
      client.close();
      throw new Error(`GET gave ${response.status}: ${text}`);
    }
    return new EventReader(response, client, leaving);
  }

  get headers(): Headers {
    return this.#response.headers;
  }

  /** The newest data of this name. */
  newest(name: string): unknown {
    return this.events.findLast(({ event }) => event === name)?.data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#reading;
    this.#client.close();
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const piece of this.#response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        this.#take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
    this.hasEnded = true;
  }

  #take(block: string): void {
    if (block === ":") return void this.comments++;
    const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block)!;
    this.events.push({ event: event!, data: JSON.parse(data!) });
  }
}
