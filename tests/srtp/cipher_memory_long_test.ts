import { assert } from "@std/assert";
import { PacketArena } from "../../src/srtp/packet_arena.ts";
import { SrtcpReceiver, SrtcpSender } from "../../src/srtp/srtcp.ts";
import { SrtpSender } from "../../src/srtp/srtp_sender.ts";
import { delay } from "../../testing/waiting.ts";

/** Deno 2.9 keeps 0.9 KB for a cipher that is not finished: more than twice this limit. */
const MAX_GROWTH_BYTES = 20 * 1024 * 1024;

const CIPHERS = 60_000;

Deno.test("ciphers of viewers and RTCP packets leave no memory behind", async () => {
  const master = { key: new Uint8Array(16), salt: new Uint8Array(14) };
  const arena = new PacketArena(4);
  const sender = new SrtcpSender(master);
  const receiver = new SrtcpReceiver(master);
  const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1);
  let index = 0;
  const spend = async (ciphers: number) => {
    for (let spent = 0; spent < ciphers; spent += 6) {
      receiver.unprotect(sender.protect(report, index++));
      new SrtpSender(arena, master).close();
      if (spent % 600 === 0) await delay(0);
    }
  };
  await spend(CIPHERS / 2);
  const before = Deno.memoryUsage().rss;
  await spend(CIPHERS);
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < MAX_GROWTH_BYTES, `memory grew by ${grown} bytes`);
});
