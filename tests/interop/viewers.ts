/** Viewers that record what they get. */
import { assertEquals } from "@std/assert";
import { FlvReader } from "../../testing/flv/tag_reader.ts";

/** A viewer at work. */
export interface Viewer {
  /** How many bytes have come so far. */
  received(): number | Promise<number>;
  /** Everything, once the response has ended by itself. */
  readonly ended: Promise<Uint8Array>;
}

/** A curl that records to a file; it must exit with 0. */
export function recordWithCurl(url: string, path: string): Viewer {
  // The limit ends a response that never does, with an exit code that fails the test.
  const args = ["-sS", "--fail", "--no-buffer", "--max-time", "60", "-o", path, url];
  const child = new Deno.Command("curl", { args, stdin: "null", stdout: "null", stderr: "piped" })
    .spawn();
  const end = async () => {
    const { code, stderr } = await child.output();
    assertEquals({ code, stderr: new TextDecoder().decode(stderr) }, { code: 0, stderr: "" });
    return await Deno.readFile(path);
  };
  return { received: () => sizeOf(path), ended: end() };
}

/** A WebSocket client: each message must hold whole tags, and the end must be a normal one. */
export function recordWebSocket(url: string): Viewer {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  socket.binaryType = "arraybuffer";
  const reader = new FlvReader({ strict: true });
  const messages: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  let problem: unknown;
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    const message = new Uint8Array(data);
    messages.push(message);
    length += message.length;
    try {
      reader.push(message);
      while (reader.next() !== undefined);
      assertEquals(reader.pending, 0, "A message holds whole tags");
    } catch (error) {
      problem ??= error;
    }
  };
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  const end = async () => {
    assertEquals(await closed, 1000, "The socket is closed normally");
    if (problem !== undefined) throw problem;
    return new Uint8Array(await new Blob(messages).arrayBuffer());
  };
  return { received: () => length, ended: end() };
}

/** The size of a file that may not be there yet. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
