/** Debian's Firefox, driven by its own protocol, Marionette: no driver is needed. */

const EXECUTABLE = "/usr/bin/firefox-esr";
const LISTENING = /Listening on port (\d+)/;

/** Where a page asks for camera and microphone, it gets a picture that changes and a tone, unasked. */
const FAKE_MEDIA_PREFERENCES = `user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
`;

/** What Marionette answers: type, id, error and result. */
type Reply = readonly [1, number, { readonly message: string } | null, unknown];

/**
 * Whether Firefox is missing, which is said on the console.
 *
 * @throws {Error} when it is missing and `SLUICE_REQUIRE_PEERS=1` asks for all peers
 */
export function firefoxMissing(): boolean {
  try {
    Deno.statSync(EXECUTABLE);
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const message = `Cannot test in Firefox: needs ${EXECUTABLE}, found nothing`;
  if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(message);
  console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
  return true;
}

/** Firefox has no candidates on the loopback interface, and sends nothing there from others. */
export function outerAddress(): string {
  const outer = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  );
  if (outer === undefined) throw new Error("Firefox needs a network interface besides loopback");
  return outer.address;
}

/** A running Firefox with one page; disposing of it ends the process and removes its profile. */
export class TestFirefox implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;
  readonly #connection: Deno.Conn;
  #received = new Uint8Array();
  #commands = 0;

  private constructor(child: Deno.ChildProcess, profile: string, connection: Deno.Conn) {
    this.#child = child;
    this.#profile = profile;
    this.#connection = connection;
  }

  /** @param options.hasCamera whether it has a camera and a microphone */
  static async launch({ hasCamera }: { readonly hasCamera?: true } = {}): Promise<TestFirefox> {
    const profile = await Deno.makeTempDir({ prefix: "firefox_" });
    const preferences = 'user_pref("marionette.port", 0);\n' +
      (hasCamera ? FAKE_MEDIA_PREFERENCES : "");
    await Deno.writeTextFile(`${profile}/user.js`, preferences);
    const child = new Deno.Command(EXECUTABLE, {
      args: ["--headless", "--marionette", "--no-remote", "--profile", profile],
      env: { HOME: profile },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const port = await listeningPort(child.stdout);
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const firefox = new TestFirefox(child, profile, connection);
      await firefox.#receive();
      await firefox.#command("WebDriver:NewSession", {});
      return firefox;
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(profile, { recursive: true });
      throw error;
    }
  }

  async open(url: string): Promise<void> {
    await this.#command("WebDriver:Navigate", { url });
  }

  /** Runs the body of an async function in the page, with `args` as its `arguments`. */
  async evaluate(body: string, ...args: readonly unknown[]): Promise<unknown> {
    const script = `return (async function () {${body}}).apply(null, arguments)`;
    const result = await this.#command("WebDriver:ExecuteScript", { script, args });
    return (result as { readonly value: unknown }).value;
  }

  async #command(name: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
    const message = JSON.stringify([0, ++this.#commands, name, parameters]);
    let bytes = new TextEncoder().encode(message);
    bytes = new TextEncoder().encode(`${bytes.length}:${message}`);
    while (bytes.length > 0) bytes = bytes.subarray(await this.#connection.write(bytes));
    const [, , error, result] = await this.#receive() as Reply;
    if (error !== null) throw new Error(`Firefox cannot ${name}: ${error.message}`);
    return result;
  }

  /** The next message: its length in decimal digits, a colon, and JSON. */
  async #receive(): Promise<unknown> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const colon = this.#received.indexOf(0x3a);
      if (colon > 0) {
        const begin = colon + 1;
        const end = begin + Number(new TextDecoder().decode(this.#received.subarray(0, colon)));
        if (this.#received.length >= end) {
          const json = new TextDecoder().decode(this.#received.subarray(begin, end));
          this.#received = this.#received.slice(end);
          return JSON.parse(json);
        }
      }
      const length = await this.#connection.read(buffer);
      if (length === null) throw new Error("Firefox has closed the connection");
      this.#received = Uint8Array.of(...this.#received, ...buffer.subarray(0, length));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It ends its helper processes itself when it is asked to.
    await this.#command("Marionette:Quit", { flags: ["eForceQuit"] });
    this.#connection.close();
    await this.#child.status;
    await Deno.remove(this.#profile, { recursive: true });
  }
}

/** Reads on until Firefox says where it listens, and then for as long as it prints. */
async function listeningPort(stdout: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  let printed = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Firefox ended: ${printed}`);
    printed += decoder.decode(value, { stream: true });
    const port = LISTENING.exec(printed)?.[1];
    if (port === undefined) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return Number(port);
  }
}
