/** What publishers by WHIP see while a supervisor ends the gateway. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { PUBLISH_OFFERS } from "../../testing/webrtc/publish_offers.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import { isLive, PATH, soundUntil, test } from "./whip_sound.ts";

/** A connection that is kept, over which an offer comes when the ports are closed. */
class LateOffer implements Disposable {
  readonly #conn: Deno.Conn;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Has been answered once. */
  static async connect({ httpPort }: GatewayProcess): Promise<LateOffer> {
    const offer = new LateOffer(await Deno.connect({ hostname: "127.0.0.1", port: httpPort }));
    assertMatch(await offer.#ask("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"), /^HTTP\/1\.1 200 /);
    return offer;
  }

  /** The whole answer. */
  post(): Promise<string> {
    const body = PUBLISH_OFFERS.chromium;
    const head = [
      "POST /live/late/whip HTTP/1.1",
      ...["Host: a", "Content-Type: application/sdp", `Content-Length: ${body.length}`],
    ];
    return this.#ask(`${head.join("\r\n")}\r\n\r\n${body}`);
  }

  async #ask(request: string): Promise<string> {
    await this.#conn.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(4096);
    let text = "";
    // The text is a line of its own behind the head.
    while (!/\r\n\r\n.*\n$/s.test(text)) {
      const length = await this.#conn.read(buffer);
      if (length === null) throw new Error(`Cut off after ${JSON.stringify(text)}`);
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

test("while it is drained, a publisher goes on, others are sent away, and it is told of the end", async () => {
  const drainSeconds = 3;
  await using gateway = await startGateway({ args: ["--drain-seconds", `${drainSeconds}`] });
  await using sender = await WhipSender.connect(gateway, PATH);
  await soundUntil(sender, "it is live", () => isLive(gateway));
  await using viewer = await WhepViewer.open(gateway, { path: PATH });
  const heard = () => viewer.isConnected ? viewer.audio?.packets.length ?? 0 : 0;
  await soundUntil(sender, "it is heard", () => heard() > 20);
  using late = await LateOffer.connect(gateway);

  const startMs = performance.now();
  const stopping = gateway.stop("SIGTERM");
  await until("it is drained", () => gateway.output().includes("Draining: "));
  const answer = await late.post();
  assertMatch(
    answer,
    /^HTTP\/1\.1 503 [^]*\r\nretry-after: \d+\r\n[^]*the server is about to end/i,
  );
  const before = heard();
  await soundUntil(sender, "it is heard still", () => heard() > before + 20);
  assert(!sender.peer.isToldOfEnd);
  await soundUntil(sender, "it is told of the end", () => sender.peer.isToldOfEnd);
  assert(viewer.isToldOfEnd);
  assertEquals((await stopping).code, 0);
  const tookMs = performance.now() - startMs;
  assert(tookMs > 2000 && tookMs < drainSeconds * 1000 + 2000, `ended after ${tookMs} ms`);
});
