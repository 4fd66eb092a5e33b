/** Viewers who come and go. */
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { delay } from "../../testing/waiting.ts";

export interface CrowdOptions {
  /** Where the stream is, over HTTP. */
  readonly url: string;
  /** Viewers at a time. */
  readonly seats: number;
  /** How long new viewers take the seats of those who left. */
  readonly durationMs: number;
  /** Longest time that a viewer stays after its first picture. */
  readonly maxStayMs: number;
  readonly seed: number;
}

type Visit = (url: string, client: Deno.HttpClient, stayMs: number) => Promise<void>;

/**
 * Fills the seats with viewers over HTTP and WebSocket, of whom some leave in good order and some
 * cut the connection. The order of each seat's viewers follows from the seed.
 *
 * @returns how many viewers there were, by how they watched
 * @throws {Error} if a viewer that meant to watch got anything but a stream that begins with a picture
 */
export async function gather(
  { url, seats, durationMs, maxStayMs, seed }: CrowdOptions,
): Promise<ReadonlyMap<string, number>> {
  const visits: readonly Visit[] = [visitByHttp, visitByWebSocket, cutHttp, cutWebSocket];
  const counts = new Map<string, number>();
  const endMs = performance.now() + durationMs;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const occupy = async (seat: number) => {
    const random = seededRandom(seed * 1000 + seat);
    while (performance.now() < endMs) {
      const visit = visits[Math.floor(random() * visits.length)]!;
      await visit(url, client, random() * maxStayMs);
      counts.set(visit.name, (counts.get(visit.name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: seats }, (_, seat) => occupy(seat)));
  return counts;
}

async function visitByHttp(url: string, client: Deno.HttpClient, stayMs: number): Promise<void> {
  const response = await fetch(url, { client });
  if (!response.ok) throw new Error(`A viewer got ${response.status}: ${await response.text()}`);
  const watch = new Watch(stayMs);
  for await (const piece of response.body!) {
    watch.take(piece);
    if (watch.isOver) return;
  }
  throw new Error("A viewer's response ended while the stream was live");
}

function visitByWebSocket(url: string, _client: Deno.HttpClient, stayMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = new WebSocket(url.replace("http", "ws"));
  const watch = new Watch(stayMs);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    try {
      watch.take(new Uint8Array(data));
      if (watch.isOver) socket.close();
    } catch (error) {
      reject(error);
    }
  };
  socket.onerror = (event) => {
    event.preventDefault();
    reject(new Error("A viewer's WebSocket failed"));
  };
  socket.onclose = () => {
    if (watch.isOver) resolve();
    else reject(new Error("A viewer's WebSocket was closed while the stream was live"));
  };
  return promise;
}

function cutHttp(url: string, _client: Deno.HttpClient, stayMs: number): Promise<void> {
  return cut(url, [], stayMs);
}

function cutWebSocket(url: string, _client: Deno.HttpClient, stayMs: number): Promise<void> {
  const headers = [
    ...["Upgrade: websocket", "Connection: Upgrade"],
    ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
  ];
  return cut(url, headers, stayMs);
}

/** Asks for the stream, reads nothing of it, and cuts the connection off. */
async function cut(url: string, headers: readonly string[], stayMs: number): Promise<void> {
  const { hostname, port, pathname, host } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const request = [`GET ${pathname} HTTP/1.1`, `Host: ${host}`, ...headers, "", ""].join("\r\n");
  await conn.write(new TextEncoder().encode(request));
  await delay(stayMs);
}

/** Reads what a viewer gets, and knows when it has seen enough. */
class Watch {
  readonly #flv = new FlvReader({ strict: true });
  readonly #stayMs: number;
  #hasConfiguration = false;
  #firstPictureMs: number | undefined;

  constructor(stayMs: number) {
    this.#stayMs = stayMs;
  }

  get isOver(): boolean {
    return this.#firstPictureMs !== undefined &&
      performance.now() - this.#firstPictureMs >= this.#stayMs;
  }

  take(piece: Uint8Array): void {
    this.#flv.push(piece);
    for (let record = this.#flv.next(); record !== undefined; record = this.#flv.next()) {
      if (record.kind !== "tag" || record.type !== TAG_VIDEO) continue;
      if (this.#firstPictureMs === undefined) this.#takeFirst(record.body);
    }
  }

  #takeFirst(body: Uint8Array): void {
    const video = parseVideoBody(body);
    if (video.kind === "configuration") this.#hasConfiguration = true;
    else if (this.#hasConfiguration && video.kind === "frame" && video.isKeyFrame) {
      this.#firstPictureMs = performance.now();
    } else throw new Error(`A viewer's stream begins with ${video.kind}`);
  }
}
