/** Two generations of ffmpeg, and other players, with and without TLS. */
import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { FFMPEG7_ROOT, peerTest } from "../../testing/peers.ts";
import { currentCertificate } from "../../testing/certificates.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import { assertContinues, judge, readRecording } from "./recording.ts";
import {
  packetsOf,
  recordWithFfmpeg,
  recordWithGStreamer,
  recordWithRtmpdump,
  type RtmpRecorder,
} from "./rtmp_players.ts";

const BOTH = { audio: true, video: true };

const peers = [
  "ffmpeg",
  "ffmpeg 7",
  "ffprobe",
  "flvmeta",
  "gst-launch-1.0",
  "rtmpdump",
] as const;

/**
 * GnuTLS takes a session ticket of TLS 1.3 for an empty read, and librtmp takes that for the end:
 * it speaks to no server that sends tickets.
 */
const WITHOUT_TLS_1_3 = "[overrides]\ndisabled-version = tls1.3\n";

/**
 * GStreamer takes a message out of what TLS has decrypted when more comes on its socket, and throws
 * it away when Stream EOF comes with that. So the last one may be missing, which ffmpeg and
 * rtmpdump have.
 */
const GSTREAMER = { mayMissLast: 1 };

interface Play {
  /** What is played, by its publisher. */
  readonly of: "old" | "recent";
  readonly over: "RTMP" | "RTMPS";
  /** @param folder of what is recorded, in the root of ffmpeg 7 */
  readonly record: (url: string, path: string, folder: string) => RtmpRecorder;
}

const withFfmpeg7 = (url: string, path: string) => {
  return recordWithFfmpeg(url, path, { peer: "ffmpeg 7" });
};

const PLAYS: readonly Play[] = [
  { of: "recent", over: "RTMP", record: (url, path) => recordWithFfmpeg(url, path) },
  { of: "recent", over: "RTMPS", record: (url, path) => recordWithFfmpeg(url, path) },
  { of: "old", over: "RTMP", record: withFfmpeg7 },
  { of: "old", over: "RTMPS", record: withFfmpeg7 },
  { of: "recent", over: "RTMPS", record: recordWithGStreamer },
  {
    of: "old",
    over: "RTMPS",
    record: (url, path, folder) => {
      const env = { GNUTLS_SYSTEM_PRIORITY_FILE: `${folder}/gnutls.conf` };
      return recordWithRtmpdump(url, path, { env });
    },
  },
];

peerTest("old and new ffmpeg play each other, over RTMP and RTMPS", peers, async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2", "--grace-period-ms", "300"],
    config: { tls: currentCertificate("localhost", "127.0.0.1") },
  });
  const folder = await Deno.makeTempDir({ dir: `${FFMPEG7_ROOT}/tmp` });
  try {
    await Deno.writeTextFile(`${folder}/gnutls.conf`, WITHOUT_TLS_1_3);
    await using old = publish(gateway, "old", folder);
    await using recent = publish(gateway, "recent", folder);
    for (const path of ["live/old", "live/recent"]) {
      await until(`${path} is live`, async () => {
        const stream = await gateway.stream(path);
        return stream?.video && stream.audio;
      });
    }
    const plays = PLAYS.map(({ of, over, record }, at) => {
      const url = addressOf(gateway, over, of);
      return { of, over, ...record(url, `${folder}/${at}.flv`, folder) };
    });
    assert((await old.ended).success, old.errors());
    assert((await recent.ended).success, recent.errors());
    for (const { of, over, name, path, ended } of plays) {
      await t.step(`the ${of} one by ${name} over ${over}`, async () => {
        await ended;
        await check(`${folder}/${of}.flv`, name, path);
      });
    }
    const { counters } = await gateway.status();
    assertEquals([counters.rtmpProtocolErrors, counters.tlsHandshakesFailed], [0, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** An ffmpeg of either age that publishes over TLS, and copies what it sends into `folder`. */
function publish(gateway: GatewayProcess, age: "old" | "recent", folder: string) {
  const seenFolder = age === "old" ? folder : folder.slice(FFMPEG7_ROOT.length);
  return publishWithFfmpeg({
    peer: age === "old" ? "ffmpeg" : "ffmpeg 7",
    url: addressOf(gateway, "RTMPS", age),
    durationS: 5,
    copyTo: `${seenFolder}/${age}.flv`,
  });
}

function addressOf(gateway: GatewayProcess, over: Play["over"], name: string): string {
  if (over === "RTMP") return gateway.rtmpUrl(`live/${name}`);
  return `rtmps://127.0.0.1:${gateway.rtmpsPort}/live/${name}`;
}

async function check(sourcePath: string, player: string, path: string): Promise<void> {
  if (player.startsWith("ffmpeg")) {
    const [sent, got] = [await packetsOf(sourcePath), await packetsOf(path)];
    assert(got.length > sent.length / 4, `got ${got.length} packets of ${sent.length}`);
    // ffmpeg numbers from the first packet on; the packets themselves are as they were.
    assertEquals(got.toSorted(), sent.slice(-got.length).toSorted());
  } else {
    const source = readRecording(await Deno.readFile(sourcePath));
    const recording = readRecording(await Deno.readFile(path));
    assertContinues(source, recording, BOTH, player === "GStreamer" ? GSTREAMER : {});
  }
  await judge(path);
}
