/**
 * What it costs to take in one second of a 2 Mbit/s stream (30 video, 47 audio messages) as it
 * arrives from a socket, 64 KB at a time: `deno bench bench/chunk_reader_bench.ts`.
 */
import { ChunkReader } from "../src/rtmp/chunk/reader.ts";
import { ServerSession } from "../src/rtmp/session/server_session.ts";
import { ClientMessages, publisherPreamble } from "../testing/rtmp/client.ts";

const READ_SIZE = 64 * 1024;
const SECONDS = 10;
const VIDEO_SIZES = { keyFrame: 40_000, interFrame: 7000 };
const AUDIO_SIZE = 340;

/** Audio and video in the order of their timestamps. */
function writeMedia(messages: ClientMessages): void {
  let audioMs = 0;
  for (let frame = 0; frame < 30 * SECONDS; frame++) {
    const videoMs = Math.round(frame * 1000 / 30);
    const size = frame % 60 === 0 ? VIDEO_SIZES.keyFrame : VIDEO_SIZES.interFrame;
    messages.video(videoMs, new Uint8Array(size).fill(frame));
    for (; audioMs <= videoMs; audioMs += 1024 / 48) {
      messages.audio(Math.round(audioMs), new Uint8Array(AUDIO_SIZE).fill(frame));
    }
  }
}

/** Reads as a socket would give them. */
function cut(bytes: Uint8Array): Uint8Array[] {
  const reads: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += READ_SIZE) {
    reads.push(bytes.subarray(at, at + READ_SIZE));
  }
  return reads;
}

function mediaReads(chunkSize: number): Uint8Array[] {
  const messages = new ClientMessages(4 * 1024 * 1024).chunkSize(chunkSize);
  messages.take();
  writeMedia(messages);
  return cut(messages.take());
}

for (const chunkSize of [65_536, 4096, 128]) {
  const reads = mediaReads(chunkSize);
  Deno.bench(`chunk reader, ${SECONDS} s of media, chunks of ${chunkSize}`, () => {
    const chunks = new ChunkReader();
    chunks.setChunkSize(chunkSize);
    let count = 0;
    for (const read of reads) {
      chunks.push(read);
      while (chunks.next() !== undefined) count++;
    }
    if (count < 700) throw new Error(`Only ${count} messages came out`);
  });
}

for (const chunkSize of [4096, 128]) {
  const messages = new ClientMessages(4 * 1024 * 1024);
  const preamble = publisherPreamble({ app: "live", name: "bench", chunkSize, messages });
  writeMedia(messages);
  const reads = [preamble, ...cut(messages.take())];
  Deno.bench(`server session, ${SECONDS} s of media, chunks of ${chunkSize}`, () => {
    const session = new ServerSession({ random: (length) => new Uint8Array(length) });
    let count = 0;
    for (const read of reads) {
      session.push(read);
      for (let event = session.next(); event !== undefined; event = session.next()) {
        if (event.kind === "publish") session.acceptPublish(event.streamId);
        count++;
      }
    }
    if (count < 700) throw new Error(`Only ${count} events came out`);
  });
}
