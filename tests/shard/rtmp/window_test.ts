import { assertEquals } from "@std/assert";
import { ServerSession } from "../../../src/rtmp/session/server_session.ts";
import { RtmpOutput } from "../../../src/shard/rtmp/output.ts";
import { clientAnswer, clientHello, ClientMessages } from "../../../testing/rtmp/client.ts";

/** A connected session and its output, with what is written to the peer. */
class Setup {
  readonly session = new ServerSession({ random: (length) => new Uint8Array(length) });
  readonly messages = new ClientMessages();
  readonly written: number[] = [];
  readonly output = new RtmpOutput(
    {
      write: (bytes) => {
        this.written.push(bytes.length);
        return Promise.resolve(bytes.length);
      },
    },
    this.session,
    {
      lost: (error) => {
        throw error;
      },
      sent: () => {},
    },
  );
  #pieces = 0;
  #sentBytes = 0;

  constructor() {
    this.output.add({
      next: () => {
        if (this.#pieces === 0) return undefined;
        this.#pieces--;
        return new Uint8Array(4000);
      },
    });
    this.session.push(clientHello());
    this.session.push(clientAnswer());
    this.messages.connect("live");
  }

  /** Takes what the peer has sent, and lets the output run; returns the lengths written. */
  async run(pieces = 0): Promise<number[]> {
    this.#pieces += pieces;
    this.session.push(this.messages.take());
    while (this.session.next() !== undefined);
    this.written.length = 0;
    this.output.wake();
    await this.output.idle();
    this.#sentBytes += this.written.reduce((sum, length) => sum + length, 0);
    return this.written.filter((length) => length === 4000);
  }

  /** Acknowledges all that was written. */
  acknowledgeAll(): void {
    this.messages.send({ kind: "acknowledgement", receivedBytes: this.#sentBytes });
  }
}

Deno.test("media waits for a player that sets a window and acknowledges", async () => {
  const setup = new Setup();
  assertEquals((await setup.run(1)).length, 1);
  setup.messages.send({ kind: "setPeerBandwidth", size: 10_000, limitType: 0 });
  setup.acknowledgeAll();
  // A window of 10,000, and the slack: the fourth piece fills it.
  assertEquals((await setup.run(10)).length, 4);
  assertEquals((await setup.run()).length, 0);
  setup.acknowledgeAll();
  assertEquals((await setup.run()).length, 4);
});

Deno.test("media does not wait for a player that sets a window and never acknowledges", async () => {
  const setup = new Setup();
  setup.messages.send({ kind: "setPeerBandwidth", size: 10_000, limitType: 0 });
  assertEquals((await setup.run(10)).length, 10);
});

Deno.test("answers do not wait for a window", async () => {
  const setup = new Setup();
  await setup.run(1);
  setup.messages.send({ kind: "setPeerBandwidth", size: 10_000, limitType: 0 });
  setup.acknowledgeAll();
  await setup.run(10);
  setup.messages.command(0, "whatever", 5, null);
  await setup.run();
  assertEquals(setup.written.length, 1);
});
