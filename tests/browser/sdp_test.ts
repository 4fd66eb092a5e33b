/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { hostCandidates } from "../../src/webrtc/ice/candidate.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { IceLiteAgent } from "../../src/webrtc/ice/ice_lite.ts";
import type { StreamMedia } from "../../src/webrtc/sdp/media_choice.ts";
import { DEFAULT_ANSWER_WISHES } from "../../src/webrtc/sdp/answered_section.ts";
import { parseSdpOffer } from "../../src/webrtc/sdp/offer.ts";
import { stunUsername } from "../../src/webrtc/ice/stun.ts";
import { frameForTcp, TcpFrameReader } from "../../src/webrtc/ice/tcp_framing.ts";
import type { TransportAddress } from "../../src/address/transport_address.ts";
import { until } from "../../testing/waiting.ts";
import { answerOffer, TRANSPORT } from "../../testing/webrtc/answers.ts";
import { chromiumMissing, launchChromium, type TestBrowser } from "./chromium.ts";

const AUDIO = { codec: "opus", channels: 2 } as const;
const VIDEO = { codec: "h264", profileIdc: 0x64, profileCompatibility: 0, levelIdc: 40 } as const;
const BOTH: StreamMedia = { audio: AUDIO, video: VIDEO };

const WISHES = {
  ...DEFAULT_ANSWER_WISHES,
  extensions: [
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
  ],
};

const ignore = chromiumMissing();

Deno.test({ name: "Chromium accepts the answers to its offers", ignore }, async (t) => {
  await using browser = await launchChromium();
  const { page } = browser;
  const onlyVideo = { audio: false, video: true };
  const cases = [
    ["audio and video", ["audio", "video"], BOTH, ["0 recvonly", "1 recvonly"]],
    ["video before audio", ["video", "audio"], BOTH, ["0 recvonly", "1 recvonly"]],
    [
      "audio that may come yet",
      ["audio", "video"],
      { ...BOTH, audio: undefined },
      ["0 recvonly", "1 recvonly"],
    ],
    ["no audio wanted", ["audio", "video"], BOTH, ["0 inactive", "1 recvonly"], onlyVideo],
    [
      "no video to send",
      ["audio", "video"],
      { ...BOTH, video: undefined },
      ["0 recvonly", "1 inactive"],
    ],
    ["only audio offered", ["audio"], BOTH, ["0 recvonly"]],
    ["two videos offered", ["video", "video"], BOTH, ["0 recvonly", "1 inactive"]],
    ["a data channel last", ["audio", "video", "data"], BOTH, ["0 recvonly", "1 recvonly"]],
    // Chromium puts it last all the same.
    ["a data channel first", ["data", "video"], BOTH, ["0 recvonly"]],
  ] as const;
  for (const [name, kinds, stream, expected, wanted = { audio: true, video: true }] of cases) {
    await t.step(name, async () => {
      const offer = await page.evaluate(startPeer, [...kinds]);
      const { answer } = answerOffer(offer, stream, { wishes: WISHES, wanted });
      assertEquals<unknown>(await acceptAnswer(page, answer), expected);
    });
  }
});

for (const transport of ["udp", "tcp"] as const) {
  const name = `Chromium's ICE connects to the agent over ${transport}, and again after a restart`;
  Deno.test({ name, ignore }, async () => {
    await using browser = await launchChromium();
    using server = transport === "udp" ? new UdpServer() : new TcpServer();
    const first = { ufrag: "first123", password: "password-of-the-server-1" };
    const offer = await browser.page.evaluate(startPeer, ["audio", "video"]);
    const agent = new IceLiteAgent({
      local: first,
      remoteUfrag: parseSdpOffer(offer).transport.iceUfrag,
      nowMs: 0,
    });
    const checks = new Checks(agent);
    const serving = server.serve(checks);
    const candidates = hostCandidates([server.address]);
    const answered = answerOffer(offer, BOTH, {
      transport: { ...TRANSPORT, local: first, candidates },
    });
    await acceptAnswer(browser.page, answered.answer);
    await waitForConnection(browser);
    assertEquals(agent.selected?.transport, transport);

    const second = { ufrag: "second45", password: "password-of-the-server-2" };
    const again = await browser.page.evaluate(restartPeer);
    agent.restart(second, parseSdpOffer(again).transport.iceUfrag);
    const restarted = answerOffer(again, BOTH, {
      transport: { ...TRANSPORT, local: second, candidates },
    });
    await acceptAnswer(browser.page, restarted.answer);
    assertEquals(await until("a check after the restart", () => checks.retiredUfrag), "first123");
    await waitForConnection(browser);
    assertEquals(agent.localUfrags, ["second45"]);
    assertEquals(agent.selected?.transport, transport);

    server.close();
    await serving;
    // A check with the old credentials may be under way when the new are used first.
    const wrong = checks.refusals.filter((reason) => reason !== "username");
    assertEquals(wrong, []);
  });
}

/** Answers checks on a port of its own; what is no STUN is left unanswered. */
class UdpServer implements Disposable {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  #isClosed = false;

  get address(): TransportAddress {
    return this.#socket.addr as Deno.NetAddr;
  }

  async serve(checks: Checks): Promise<void> {
    for await (const [datagram, from] of this.#socket) {
      const response = checks.answer(datagram, from as Deno.NetAddr);
      if (response !== undefined && !this.#isClosed) await this.#socket.send(response, from);
    }
  }

  close(): void {
    if (!this.#isClosed) this.#socket.close();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

class TcpServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  #isClosed = false;

  get address(): TransportAddress {
    return this.#listener.addr as Deno.NetAddr;
  }

  async serve(checks: Checks): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      serving.push(this.#serveConnection(connection, checks));
    }
    await Promise.all(serving);
  }

  async #serveConnection(connection: Deno.Conn, checks: Checks) {
    const frames = new TcpFrameReader();
    const buffer = new Uint8Array(4096);
    try {
      for (;;) {
        const length = await connection.read(buffer);
        if (length === null) return;
        frames.push(buffer.subarray(0, length));
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
          const response = checks.answer(frame, connection.remoteAddr as Deno.NetAddr);
          if (response !== undefined) await connection.write(frameForTcp(response));
        }
      }
    } catch (error) {
      // Closing a connection ends its reads so, and the browser may end it first.
      if (!this.#isClosed && !(error instanceof Deno.errors.ConnectionReset)) throw error;
    } finally {
      this.#connections.delete(connection);
      if (!this.#isClosed) connection.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What came of the checks of one browser. */
class Checks {
  readonly #agent: IceLiteAgent;
  /** Reasons and codes of what was not answered. */
  readonly refusals: string[] = [];
  /** The name of ours that the first check after a restart retired. */
  retiredUfrag: string | undefined;

  constructor(agent: IceLiteAgent) {
    this.#agent = agent;
  }

  /** What to send back. */
  answer(datagram: Uint8Array, from: TransportAddress): Uint8Array | undefined {
    if (datagramKind(datagram) !== "stun") return undefined;
    const result = this.#agent.receive(datagram, from, 1);
    if (result.kind === "drop") this.refusals.push(result.reason);
    if (result.kind === "refuse") this.refusals.push(`${result.code}`);
    if (result.kind === "answer" && result.retiredUfrag !== undefined) {
      assertEquals(stunUsername(datagram)?.localUfrag, this.#agent.localUfrags[0]);
      this.retiredUfrag = result.retiredUfrag;
    }
    return result.kind === "drop" ? undefined : result.response;
  }
}

interface PageWithPeer {
  peer: RTCPeerConnection;
}

/** Runs in the page: opens a peer connection that receives `kinds`, and gives its offer. */
async function startPeer(kinds: string[]): Promise<string> {
  const peer = new RTCPeerConnection();
  (globalThis as unknown as PageWithPeer).peer = peer;
  for (const kind of kinds) {
    if (kind === "data") peer.createDataChannel("messages");
    else peer.addTransceiver(kind, { direction: "recvonly" });
  }
  await peer.setLocalDescription();
  return peer.localDescription!.sdp;
}

/** Runs in the page. */
async function restartPeer(): Promise<string> {
  const { peer } = globalThis as unknown as PageWithPeer;
  peer.restartIce();
  await peer.setLocalDescription();
  return peer.localDescription!.sdp;
}

/** Mids and directions of what the page receives after it took the answer. */
async function acceptAnswer(page: Page, sdp: string): Promise<string[]> {
  return await page.evaluate(async (sdp) => {
    const { peer } = globalThis as unknown as PageWithPeer;
    await peer.setRemoteDescription({ type: "answer", sdp });
    return peer.getTransceivers().map(({ mid, currentDirection }) => `${mid} ${currentDirection}`);
  }, sdp);
}

/** Until the browser's checks have succeeded; DTLS is not answered here, and not waited for. */
async function waitForConnection({ page }: TestBrowser): Promise<void> {
  await page.waitForFunction(
    () => (globalThis as unknown as PageWithPeer).peer.iceConnectionState === "connected",
    undefined,
    { timeout: 20_000 },
  );
}
