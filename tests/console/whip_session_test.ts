import { assertEquals } from "@std/assert";
import { WhipSession } from "../../src/console/whip_session.js";
import { until } from "../../testing/waiting.ts";

/** What a session needs of the browser's own, which Deno has not: its descriptions and its state. */
class FakePeer extends EventTarget {
  static newest: FakePeer;
  readonly described: string[] = [];
  connectionState = "new";
  iceConnectionState = "new";
  localDescription: { readonly sdp: string } | null = null;
  #offers = 0;

  constructor() {
    super();
    FakePeer.newest = this;
  }

  addTransceiver() {
    return { sender: {} };
  }

  createOffer() {
    return Promise.resolve({ type: "offer", sdp: "v=0\r\n" });
  }

  setLocalDescription({ type } = { type: "offer" }) {
    this.described.push(type === "offer" ? `offer ${++this.#offers}` : type);
    this.localDescription = { sdp: "v=0\r\n" };
    return Promise.resolve();
  }

  setRemoteDescription({ type }: { readonly type: string }) {
    this.described.push(type);
    return Promise.resolve();
  }

  getSenders() {
    return [];
  }

  close() {}

  become(state: string) {
    this.connectionState = this.iceConnectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

/** A session with a gateway that answers each PATCH when, and as, a test says. */
async function open() {
  Object.assign(globalThis, {
    RTCPeerConnection: FakePeer,
    RTCRtpSender: {},
    MediaStream: class {},
  });
  const asked: PromiseWithResolvers<number>[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.text();
    if (request.method !== "PATCH") {
      return new Response("v=0\r\n", { status: 201, headers: { location: "/live/a/whip/7" } });
    }
    const answered = Promise.withResolvers<number>();
    asked.push(answered);
    return new Response("", { status: await answered.promise });
  });
  const failures: string[] = [];
  const session = new WhipSession(
    { url: `http://127.0.0.1:${server.addr.port}/live/a/whip`, token: "" },
    { video: undefined, audio: undefined, encodings: [], codec: "" },
    { onConnection() {}, onFailure: ({ detail }) => void failures.push(detail) },
  );
  const peer = FakePeer.newest;
  await until("it is answered", () => peer.described.includes("answer"));
  peer.become("connected");
  peer.described.length = 0;
  return {
    session,
    peer,
    asked,
    failures,
    async [Symbol.asyncDispose]() {
      session.end();
      await server.shutdown();
    },
  };
}

Deno.test("a path that is being looked for is waited for, and then another one is", async () => {
  await using setup = await open();
  const { session, peer, asked, failures } = setup;
  const startMs = performance.now();
  peer.become("disconnected");
  session.handleTimeout(startMs);
  await until("a path is asked for", () => asked.length === 1);
  session.handleTimeout(startMs + 2500);
  session.handleTimeout(startMs + 2750);
  asked[0]!.resolve(503);
  await until("it is given up", () => peer.described.includes("rollback"));
  assertEquals(peer.described, ["offer 2", "rollback"]);
  session.handleTimeout(startMs + 3000);
  await until("another one is asked for", () => asked.length === 2);
  asked[1]!.resolve(200);
  await until("it is answered", () => peer.described.at(-1) === "answer");
  assertEquals(peer.described, ["offer 2", "rollback", "offer 3", "answer"]);
  assertEquals(failures, []);
});
