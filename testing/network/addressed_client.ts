import { connect } from "node:net";

/** A connection that comes from an address of the test's choice: any of 127.0.0.0/8 is one's own. */
export class AddressedConnection implements Disposable {
  readonly #socket: ReturnType<typeof connect>;
  #text = "";
  isEnded = false;

  constructor(socket: ReturnType<typeof connect>) {
    this.#socket = socket;
    socket.on("data", (piece: Uint8Array) => {
      if (this.#text.length < 4096) this.#text += new TextDecoder("latin1").decode(piece);
    });
    socket.on("error", () => this.isEnded = true);
    socket.on("close", () => this.isEnded = true);
  }

  /** The begin of what has come, a character for each byte. */
  get received(): string {
    return this.#text;
  }

  /** Resolves when something like `pattern` has come; rejects if the connection ends before. */
  async answered(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#text)) {
      if (this.isEnded) throw new Error(`Ended before ${pattern} came`);
      await new Promise((resolve) => this.#socket.once("data", resolve).once("close", resolve));
    }
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Connects to a port of 127.0.0.1; rejects if that is refused. */
export async function connectFrom(
  localAddress: string,
  port: number,
): Promise<AddressedConnection> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return new AddressedConnection(socket);
}

/** The answer to a request, whose body may go on. */
export interface AddressedAnswer extends Disposable {
  readonly status: number;
  /** The begin of all that came, head included. */
  readonly text: () => string;
}

/**
 * Sends a request, and waits for its answer's first line; rejects if there is none.
 *
 * @param headers with a line end behind each
 */
export async function requestFrom(
  localAddress: string,
  port: number,
  target: string,
  headers = "",
  { method = "GET", body = "", host = "a" } = {},
): Promise<AddressedAnswer> {
  const conn = await connectFrom(localAddress, port);
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  conn.write(
    new TextEncoder().encode(
      `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${length}${headers}\r\n${body}`,
    ),
  );
  try {
    await conn.answered(/\r\n/);
  } catch (error) {
    conn[Symbol.dispose]();
    throw error;
  }
  return {
    status: Number(conn.received.split(" ")[1]),
    text: () => conn.received,
    [Symbol.dispose]: () => conn[Symbol.dispose](),
  };
}
