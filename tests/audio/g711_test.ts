import { assertEquals } from "@std/assert";
import { alawSample, mulawSample } from "../../src/audio/g711.ts";
import { peerTest } from "../../testing/peers.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

Deno.test("G.711: ends and middles of both laws (ITU-T G.711 tables 1 and 2)", () => {
  const alaw = [[0xd5, 8], [0x55, -8], [0xaa, 32_256], [0x2a, -32_256], [0x80, 5504]] as const;
  for (const [byte, sample] of alaw) assertEquals(alawSample(byte), sample, `${byte}`);
  const mulaw = [[0xff, 0], [0x7f, 0], [0x80, 32_124], [0x00, -32_124], [0xfe, 8]] as const;
  for (const [byte, sample] of mulaw) assertEquals(mulawSample(byte) + 0, sample, `${byte}`);
});

peerTest("G.711: every byte is what ffmpeg makes of it", ["ffmpeg"], async () => {
  for (const [format, sampleOf] of [["alaw", alawSample], ["mulaw", mulawSample]] as const) {
    const input = ["-f", format, "-ar", "8000", "-ac", "1", "-i", "pipe:0"];
    const ffmpeg = new Deno.Command("ffmpeg", {
      args: ["-v", "error", ...input, "-f", "s16le", "pipe:1"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = ffmpeg.stdin.getWriter();
    await writer.write(ALL_BYTES);
    await writer.close();
    const { stdout } = await ffmpeg.output();
    const expected = new Int16Array(stdout.slice().buffer);
    assertEquals([...ALL_BYTES].map((byte) => sampleOf(byte) + 0), [...expected], format);
  }
});
