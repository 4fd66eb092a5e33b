import type { Gateway } from "../../src/gateway.ts";
import { until } from "../../testing/waiting.ts";

/**
 * The shard's module with paths of its own, by which a test finds out which shard has accepted an
 * RTMP connection, and harms one.
 */
export const HARMFUL_SHARD_SOURCE = `{
  const { listen } = Deno;
  const ports = new Set();
  let shard;
  self.addEventListener("message", ({ data }) => shard ??= data.shard);
  const text = (bytes) => new TextDecoder("latin1").decode(bytes);
  const bytes = (text) => new TextEncoder().encode(text);
  const answerTo = ([name, value]) => {
    const isMe = value === String(shard);
    if (name === "has") return ports.has(Number(value)) ? String(shard) : "";
    if (name === "throw" && isMe) setTimeout(() => { throw new Error("harmed by a test"); });
    if (name === "hang" && isMe) setTimeout(() => { for (;;); }, 50);
    return isMe ? "yes" : undefined;
  };
  // Answers paths of the test itself, and tells in what else is answered which shard it was.
  const watch = (conn) => {
    const read = conn.read.bind(conn);
    const write = conn.write.bind(conn);
    conn.read = async (buffer) => {
      const length = await read(buffer);
      const request = text(buffer.subarray(0, length ?? 0)).match(/^GET [/](\\w+)[/](\\d+) /);
      const answer = request === null ? undefined : answerTo(request.slice(1));
      if (answer === undefined) return length;
      const head = "HTTP/1.1 200 OK\\r\\nContent-Length: " + answer.length + "\\r\\n\\r\\n";
      await write(bytes(head + answer));
      return null;
    };
    conn.write = async (piece) => {
      if (!text(piece.subarray(0, 15)).startsWith("HTTP/1.1 200 OK")) return await write(piece);
      const marked = text(piece).replace("OK\\r\\n", "OK\\r\\nX-Shard: " + shard + "\\r\\n");
      conn.write = write;
      await write(bytes(marked));
      return piece.length;
    };
  };
  Deno.listen = (options) => {
    const listener = listen(options);
    const accept = listener.accept.bind(listener);
    listener.accept = async () => {
      const conn = await accept();
      ports.add(conn.remoteAddr.port);
      watch(conn);
      return conn;
    };
    return listener;
  };
}
` + await Deno.readTextFile(new URL("../../dist/shard.js", import.meta.url));

/** Asks over new connections, which the kernel gives to any shard, until one has an answer. */
export async function ask(
  { httpPort }: Pick<Gateway, "httpPort">,
  path: string,
): Promise<string> {
  return await until(`an answer to ${path}`, async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
    try {
      const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
      await conn.write(new TextEncoder().encode(request));
      const text = await new Response(conn.readable).text();
      return text.startsWith("HTTP/1.1 200") && text.split("\r\n\r\n")[1] || undefined;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return undefined;
      throw error;
    }
  });
}
