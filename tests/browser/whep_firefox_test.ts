import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { firefoxMissing, TestFirefox } from "./firefox.ts";
import { streamReady } from "./whep_viewer.ts";

const PATH = "live/fox";
const ignore = firefoxMissing();

/** Debian builds Firefox without H.264 for WebRTC; others download a module for it. */
Deno.test({ name: "Debian's Firefox is told why it is not shown H.264", ignore }, async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
  await streamReady(gateway, PATH);
  await using firefox = await TestFirefox.launch();
  await firefox.open(gateway.httpUrl("/healthz"));
  const { status, body } = await firefox.evaluate(
    `const peer = new RTCPeerConnection();
    for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
    await peer.setLocalDescription();
    const response = await fetch(arguments[0], {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: peer.localDescription.sdp,
    });
    peer.close();
    return { status: response.status, body: await response.text() };`,
    `/${PATH}/whep`,
  ) as { status: number; body: string };
  assertEquals(status, 406);
  assert(/video is H\.264.*the offer has VP8/.test(body), body);
});
