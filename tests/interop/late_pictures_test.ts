import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { until } from "../../testing/waiting.ts";
import { OddPublisher, oddRecording } from "./odd_publisher.ts";

/** The offer without its pictures. */
function soundOnly(sdp: string): string {
  const [session, ...sections] = sdp.split(/(?=^m=)/m);
  const sound = sections.filter((section) => section.startsWith("m=audio"));
  const [, mid] = /a=mid:(\S+)/.exec(sound[0]!)!;
  return session!.replace(/a=group:BUNDLE .*/, `a=group:BUNDLE ${mid}`) + sound.join("");
}

Deno.test("pictures that come late: WebRTC viewers that wanted some come again, once", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const recording = await oddRecording("adts_and_aac_header");
  const isPicture = (kind: string) => kind === "key frame" || kind === "inter frame";
  const tags = recording.tags
    .filter(({ kind, timestampMs }) => timestampMs >= 4000 || !isPicture(kind));
  const path = "live/late";
  const here = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<void>();
  const back = Promise.withResolvers<void>();
  await using _publisher = await OddPublisher.publish(gateway, { tags }, {
    path,
    stops: [{ atMs: 1500, until: () => here.promise }, { atMs: 4000, until: () => heard.promise }, {
      atMs: 4500,
      until: () => back.promise,
    }],
  });
  await until("it is live", async () => Boolean((await gateway.stream(path))?.audio));
  await using viewer = await WhepViewer.open(gateway, { path });
  await using listener = await WhepViewer.open(gateway, { path, offer: soundOnly });
  await until("they are connected", () => viewer.isConnected && listener.isConnected);
  here.resolve();
  await until("sound", () => (viewer.audio?.packets.length ?? 0) > 10);
  assertEquals(viewer.video?.packets.length ?? 0, 0);
  heard.resolve();
  await until("it is ended for the pictures", () => viewer.isToldOfEnd);
  await using again = await WhepViewer.join(gateway, { path });
  back.resolve();
  await until(
    "pictures and sound",
    () => (again.video?.packets.length ?? 0) > 50 && (again.audio?.packets.length ?? 0) > 50,
  );
  assertEquals([again.isToldOfEnd, listener.isToldOfEnd], [false, false]);
  assert(listener.audio!.packets.length > 0);
});
