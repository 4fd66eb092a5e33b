import { assert, assertEquals, assertMatch } from "@std/assert";
import { STATUS_CODE } from "@std/http/status";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { currentCertificate } from "../../testing/certificates.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";

const CERTIFICATE = currentCertificate("localhost", "127.0.0.1");

/** Two shards, so that each has to listen. */
function startWithTls(): Promise<GatewayProcess> {
  return startGateway({ args: ["--shards", "2"], config: { tls: CERTIFICATE } });
}

/** ffmpeg, publishing over TLS; resolves when the stream has both tracks. */
async function publishOverTls({ rtmpsPort, stream }: GatewayProcess) {
  const publisher = publishWithFfmpeg({
    url: `rtmps://127.0.0.1:${rtmpsPort}/live/tls`,
    outputArgs: ["-tls_verify", "0"],
  });
  await until("the stream is live", async () => {
    const found = await stream("live/tls");
    return found?.video && found.audio;
  });
  return publisher;
}

peerTest("ffmpeg publishes over RTMPS, and it is watched over HTTPS and WSS", [
  "ffmpeg",
  "ffprobe",
  "curl",
], async (t) => {
  await using gateway = await startWithTls();
  await using _publisher = await publishOverTls(gateway);
  const url = `https://localhost:${gateway.httpsPort}`;

  await t.step("curl records FLV over HTTP/1.1", async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/recorded.flv`;
      const curl = new Deno.Command("curl", {
        args: [
          ...["-sS", "-k", "--max-time", "3", "-o", path],
          ...["-w", "%{http_version} %{response_code}", `${url}/live/tls.flv`],
        ],
        stdin: "null",
      });
      const { stdout } = await curl.output();
      assertEquals(new TextDecoder().decode(stdout), "1.1 200");
      const { stdout: codecs } = await runPeer("ffprobe", [
        ...["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path],
      ]);
      assertEquals(codecs.trim().split("\n"), ["h264", "aac"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  using client = Deno.createHttpClient({ caCerts: [CERTIFICATE.certificate] });

  await t.step(
    "the certificate is trusted by who knows it; the page and the API are there",
    async () => {
      const page = await fetch(`${url}/`, { client });
      assert((await page.text()).includes("<script"));
      const reply = await (await fetch(`${url}/api/v1/streams`, { client })).json();
      assertEquals(reply.streams[0].name, "tls");
      const missing = await fetch(`${url}/live/none.flv`, { client });
      assertEquals(missing.status, STATUS_CODE.NotFound);
      assertMatch(await missing.text(), /not live/);
    },
  );

  await t.step("WSS-FLV comes whole", async () => {
    const flv = new FlvReader({ strict: true });
    let tags = 0;
    const address = `${url.replace("https", "wss")}/live/tls.flv`;
    const socket = new WebSocket(address, { client } as unknown as string[]);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      flv.push(new Uint8Array(data));
      while (flv.next()?.kind !== undefined) tags++;
    };
    await until("there are frames", () => tags > 60);
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  });

  await t.step("viewers that go are noticed", async () => {
    const response = await fetch(`${url}/live/tls.flv`, { client });
    await until("it is counted", async () => (await gateway.status()).counters.viewers === 1);
    await response.body!.cancel();
    await until("it is gone", async () => (await gateway.status()).counters.viewers === 0);
  });
  const { counters, gateway: { shardRestarts } } = await gateway.status();
  assertEquals([counters.tlsHandshakesFailed, counters.tlsTimeouts], [0, 0]);
  assertEquals(shardRestarts, 0);
});

/** What a visit of `openssl s_client` is to print, by its flags. */
const VISITS: readonly (readonly [flags: string[], printed: RegExp])[] = [
  [["-tls1_2"], /New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES/],
  [["-tls1_3"], /New, TLSv1\.3, Cipher is TLS_AES/],
  [["-tls1_1"], /Cipher is \(NONE\)/],
  [["-alpn", "http/1.1"], /ALPN protocol: http\/1\.1/],
  [["-alpn", "h2,http/1.1"], /ALPN protocol: http\/1\.1/],
  [["-alpn", "h2"], /Cipher is \(NONE\)/],
  // There is one certificate: whoever asks for another name is to see that it is not theirs.
  [["-servername", "other.example"], /Verify return code: 0 \(ok\)/],
  [["-servername", "localhost", "-verify_hostname", "localhost"], /Verify return code: 0 \(ok\)/],
  [["-verify_hostname", "other.example"], /Verify return code: 62 \([hH]ostname mismatch\)/],
  [["-noservername", "-verify_ip", "127.0.0.1"], /Verify return code: 0 \(ok\)/],
];

peerTest("openssl shakes hands on both ports", ["openssl"], async (t) => {
  await using gateway = await startWithTls();
  const folder = await Deno.makeTempDir();
  const path = `${folder}/certificate.pem`;
  await Deno.writeTextFile(path, CERTIFICATE.certificate);
  try {
    for (const [flags, printed] of VISITS) {
      await t.step(flags.join(" "), async () => {
        const { stdout, stderr } = await new Deno.Command("openssl", {
          args: [
            "s_client",
            "-connect",
            `127.0.0.1:${gateway.httpsPort}`,
            "-CAfile",
            path,
            ...flags,
          ],
          stdin: "null",
        }).output();
        const decoder = new TextDecoder();
        assertMatch(decoder.decode(stdout) + decoder.decode(stderr), printed);
      });
    }
    await t.step("RTMPS names no protocol", async () => {
      const { stdout } = await runPeer("openssl", [
        ...["s_client", "-connect", `127.0.0.1:${gateway.rtmpsPort}`, "-CAfile", path],
        ...["-alpn", "rtmp"],
      ]);
      assertMatch(stdout, /No ALPN negotiated[^]*Verify return code: 0 \(ok\)/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

peerTest("plain RTMP on the port for TLS, and TLS on that for plain RTMP, are told", [
  "ffmpeg",
], async () => {
  await using gateway = await startWithTls();
  const { rtmpPort, rtmpsPort } = gateway;
  await using plain = publishWithFfmpeg({ url: `rtmp://127.0.0.1:${rtmpsPort}/live/x` });
  assertEquals((await plain.ended).success, false);
  await using secure = publishWithFfmpeg({ url: `rtmps://127.0.0.1:${rtmpPort}/live/x` });
  assertEquals((await secure.ended).success, false);
  await until("both are told", () => {
    return /does not speak TLS: what it sent is plain RTMP/.test(gateway.output()) &&
      /closed: .*TLS/.test(gateway.output().replaceAll(/.*does not speak TLS.*/g, ""));
  });
});
